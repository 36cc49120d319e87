/** What can go wrong on the way into an enrolment, in kinds that a person can do something about. */
export type EnrolmentProblem =
  | 'other_server'
  | 'not_an_invitation'
  | 'invitation_over'
  | 'wrong_root'
  | 'offline'
  | 'busy'
  | 'refused'
