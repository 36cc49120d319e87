-- Push tokens need an enrolment policy from here on: deployments from before go on enrolling with our own app.
INSERT INTO `policies` (`customer`, `name`, `scope`, `active`, `priority`, `realm`, `resolver`, `user`, `adminrealm`, `adminuser`, `client`, `time`, `action`, `description`)
SELECT `id`, 'enrolment', 'enrollment', 1, 1000, '[]', '[]', '[]', '[]', '[]', '[]', '', '{"push_firebase_configuration":"web push"}', 'What every new deployment starts with: push tokens are enrolled with our own app.'
FROM `customers` WHERE true
ON CONFLICT DO NOTHING;
