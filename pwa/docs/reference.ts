/** /openapi.json as the page needs it: one list of calls, with references followed. */
export type Schema = {
  $ref?: string
  type?: string | string[]
  description?: string
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  enum?: unknown[]
  const?: unknown
  examples?: unknown[]
  minimum?: number
  maximum?: number
  allOf?: Schema[]
  anyOf?: Schema[]
  oneOf?: Schema[]
  additionalProperties?: Schema | boolean
}
export type Field = {
  name: string
  in: 'path' | 'query' | 'header' | 'form'
  meaning: string
  required: boolean
  schema: Schema
  example: unknown
}
type Content = Record<string, { schema: Schema }>
type Reply = { $ref?: string; description: string; content?: Content }
type Operation = {
  operationId: string
  tags: string[]
  summary: string
  description?: string
  'x-who': string
  security: Record<string, string[]>[]
  parameters: {
    name: string
    in: Field['in']
    description: string
    required: boolean
    schema: Schema
    example?: unknown
  }[]
  requestBody?: { content: Content }
  responses: Record<string, Reply>
}
export type Reference = {
  info: { description: string; version: string }
  tags: { name: string; description: string }[]
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema>; responses: Record<string, Reply> }
}
export type Call = {
  id: string
  method: string
  path: string
  surface: string
  does: string
  more: string
  who: string
  /** Names of what proves who calls; none where nobody need. */
  proofs: string[]
  fields: Field[]
  /** A body that is JSON and nothing else. */
  body: Schema | null
  good: { status: string; meaning: string; type: string; schema: Schema | null }
  refusals: { status: string; meaning: string }[]
}

const json = 'application/json'
const form = 'application/x-www-form-urlencoded'

export class Reader {
  readonly reference: Reference
  constructor(reference: Reference) {
    this.reference = reference
  }

  calls(): Call[] {
    return Object.entries(this.reference.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) =>
        this.call(method.toUpperCase(), path, operation),
      ),
    )
  }

  follow(schema: Schema): Schema {
    const name = schema.$ref?.split('/').at(-1)
    return name === undefined ? schema : (this.reference.components.schemas[name] ?? {})
  }

  private call(method: string, path: string, operation: Operation): Call {
    const content = operation.requestBody?.content ?? {}
    const fields = operation.parameters.map((one) => ({
      name: one.name,
      in: one.in,
      meaning: one.description,
      required: one.required,
      schema: one.schema,
      example: one.example,
    }))
    const replies = Object.entries(operation.responses).map(([status, reply]) => ({
      status,
      reply: this.reply(reply),
    }))
    // What is not offered yet has no good answer; then its own is the one without a body.
    const good =
      replies.find(({ status }) => /^[12]/.test(status)) ??
      replies.find(({ reply }) => reply.content === undefined)
    const [type = '', body] = Object.entries(good?.reply.content ?? {})[0] ?? []
    return {
      id: operation.operationId,
      method,
      path,
      surface: operation.tags[0] ?? '',
      does: operation.summary,
      more: operation.description ?? '',
      who: operation['x-who'],
      proofs: operation.security.flatMap((one) => Object.keys(one)),
      fields: [...fields, ...this.formFields(content[form]?.schema)],
      body: content[form] ? null : (content[json]?.schema ?? null),
      good: {
        status: good?.status ?? '',
        meaning: good?.reply.description ?? '',
        type,
        schema: type === json ? (body?.schema ?? null) : null,
      },
      refusals: replies
        .filter((one) => one !== good)
        .map(({ status, reply }) => ({ status, meaning: reply.description })),
    }
  }

  private reply(reply: Reply): Reply {
    const name = reply.$ref?.split('/').at(-1)
    return name === undefined ? reply : (this.reference.components.responses[name] ?? reply)
  }

  private formFields(schema: Schema | undefined): Field[] {
    const { properties = {}, required = [] } = schema ? this.follow(schema) : {}
    return Object.entries(properties).map(([name, one]) => ({
      name,
      in: 'form',
      meaning: one.description ?? '',
      required: required.includes(name),
      schema: one,
      example: one.examples?.[0],
    }))
  }
}
