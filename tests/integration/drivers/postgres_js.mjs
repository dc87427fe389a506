import { createRequire } from 'node:module'

const postgres = createRequire(process.env.NODE_PATH + '/')('postgres')
const [port, database] = process.argv.slice(2)
const noticed = []
const sql = postgres({ host: '127.0.0.1', port: Number(port), user: 'postgres', database, max: 1, onnotice: n => noticed.push(n.message) })
const found = []
const failing = async work => {
  try {
    return await work()
  } catch (error) {
    return [error.code, error.message]
  }
}

for (let i = 0; i < 3; i++) found.push(await sql`SELECT ${i}::int AS i, ${'x'} AS x, ${null}::text AS n`)
found.push(await Promise.all([...Array(50).keys()].map(i => sql`SELECT c FROM t WHERE id = ${i}`)))
found.push(await sql.unsafe('SELECT 1 AS a; SELECT 2 AS b'))
found.push(await sql`INSERT INTO t ${sql([{ c: 5 }, { c: 6 }])} RETURNING c`)
found.push(await failing(() => sql`SELECT 1/0`))
found.push(await failing(() => sql`SELECT nothing FROM t`))
found.push(await failing(() => sql.begin(async sql => {
  await sql`INSERT INTO t (c) VALUES (7)`
  found.push(await failing(() => sql.savepoint(sql => sql`SELECT 1/0`)))
  found.push(await sql`SELECT count(*) FROM t`)
  throw Object.assign(new Error('back'), { code: 'none' })
})))
await sql`SELECT id FROM t ORDER BY id`.cursor(300, rows => { found.push(rows.length) })
found.push((await sql`SELECT id, c FROM t ORDER BY id LIMIT 2`.values()), (await sql`SELECT 1 AS x`.describe()).columns.map(c => c.name))
const readable = await sql`COPY (SELECT c FROM t ORDER BY id) TO STDOUT`.readable()
let size = 0
for await (const chunk of readable) size += chunk.length
found.push(size)
const writable = await sql`COPY t (c) FROM STDIN`.writable()
await new Promise((done, failed) => { writable.on('error', failed).on('finish', done); writable.write('1\n2\n'); writable.end() })
found.push(await sql`SELECT count(*) FROM t`)
const told = new Promise(resolve => sql.listen('here', resolve, () => sql.notify('here', 'word')))
found.push(await told)
await sql.unsafe("DO 'BEGIN RAISE NOTICE ''noticed''; END'")
found.push(noticed)
console.log(JSON.stringify(found))
await sql.end()
