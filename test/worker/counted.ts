/** What a request costs: the statements of D1 and the calls of objects that it makes. */
import type { Env } from '../../worker/env.ts'
import { preparedAtTheEdge } from './statements.ts'
import { mustBeOpen } from './stores.ts'

export type Cost = { d1: number; objects: number }

/** A D1 and a namespace that count. The runtime's own objects do the work. */
export function counted(real: Env, cost: Cost): Env {
  const countedDatabase = (database: D1Database) =>
    new Proxy(database, {
      get(target, name) {
        if (name === 'batch')
          return (statements: D1PreparedStatement[]) => {
            mustBeOpen()
            cost.d1 += statements.length
            return target.batch(statements.map((statement) => unwrap.get(statement) ?? statement))
          }
        if (name === 'prepare')
          return (query: string) => {
            mustBeOpen()
            preparedAtTheEdge(query)
            return countedStatement(target.prepare(query), cost)
          }
        const value = Reflect.get(target, name) as unknown
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  const DB = countedDatabase(real.DB)
  const DB_1 = real.DB_1 && countedDatabase(real.DB_1)
  const COORDINATOR = new Proxy(real.COORDINATOR, {
    get(target, name) {
      if (name === 'get')
        return (id: DurableObjectId) => {
          mustBeOpen()
          return countedStub(target.get(id), cost)
        }
      const value = Reflect.get(target, name) as unknown
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { ...real, DB, DB_1, COORDINATOR }
}

const unwrap = new WeakMap<D1PreparedStatement, D1PreparedStatement>()

function countedStatement(real: D1PreparedStatement, cost: Cost): D1PreparedStatement {
  const proxy = new Proxy(real, {
    get(target, name) {
      if (name === 'bind')
        return (...values: unknown[]) => countedStatement(target.bind(...values), cost)
      const value = Reflect.get(target, name) as unknown
      if (typeof value !== 'function') return value
      return (...given: unknown[]) => {
        cost.d1++
        return value.apply(target, given) as unknown
      }
    },
  })
  unwrap.set(proxy, real)
  return proxy
}

function countedStub(stub: DurableObjectStub, cost: Cost): DurableObjectStub {
  return new Proxy(stub, {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown
      if (typeof value !== 'function') return value
      return (...given: unknown[]) => {
        cost.objects++
        // Called on the stub itself: a method of a stub is a remote thing, without `apply`.
        return (target as unknown as Record<string | symbol, (...given: unknown[]) => unknown>)[
          name
        ]?.(...given)
      }
    },
  })
}
