/** Node's side knows one thing of the worker's world: the database that miniflare hands out. */
type D1Database = import('@cloudflare/workers-types').D1Database
