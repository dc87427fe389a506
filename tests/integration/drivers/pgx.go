// What pgx does of its own: its modes of query, its cache of statements, batches, pipelines, and a cancel for an ended context.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
)

type scenario struct {
	connection *pgx.Conn
	told       []string
}

func main() {
	for _, mode := range []string{"cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol"} {
		fmt.Println("--", mode)
		var s scenario
		settings := must(pgx.ParseConfig(os.Args[1] + "&default_query_exec_mode=" + mode + "&statement_cache_capacity=4"))
		settings.OnNotice = func(_ *pgconn.PgConn, notice *pgconn.Notice) { s.told = append(s.told, notice.Message) }
		settings.BuildContextWatcherHandler = func(own *pgconn.PgConn) ctxwatch.Handler {
			return &pgconn.CancelRequestContextWatcherHandler{Conn: own, DeadlineDelay: 20 * time.Second}
		}
		s.connection = must(pgx.ConnectConfig(background, settings))
		s.queries()
		s.batches()
		s.pipeline()
		s.transactions()
		s.copies()
		s.schema()
		s.cancel()
		fmt.Println(s.told, s.connection.Close(background))
	}
}

func show(values ...any) {
	for i, value := range values {
		var failed *pgconn.PgError
		if err, is := value.(error); is && errors.As(err, &failed) {
			values[i] = failed.Code + " " + failed.Message
		}
	}
	fmt.Println(values...)
}

func (s *scenario) all(sql string, arguments ...any) (any, error) {
	rows, err := s.connection.Query(background, sql, arguments...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (any, error) { return row.Values() })
}

func (s *scenario) ask(sql string, arguments ...any) {
	show(s.all(sql, arguments...))
}

func (s *scenario) do(sql string, arguments ...any) {
	show(s.connection.Exec(background, sql, arguments...))
}

func (s *scenario) queries() {
	for i := range 3 {
		s.ask("SELECT $1::int + 1, $2::text, $3::int[], $4::bytea, 1.5::float8", i, "it's \\ \u00fc", []int32{1, 2}, []byte{0, 255})
	}
	for i := range 6 { // more texts than the cache holds: the oldest are closed on the server
		s.ask(fmt.Sprintf("SELECT %d, id FROM t WHERE id = $1::int", i), i+1)
	}
	var document map[string]any
	show(s.connection.QueryRow(background, "SELECT $1::jsonb", map[string]int{"k": 1}).Scan(&document), document)
	s.ask("SELECT nothing FROM t")
	s.ask("SELECT 1/$1::int", 0)
	s.ask("SELECT now() - now(), NULL::text")
	statement, err := s.connection.Prepare(background, "named", "SELECT c FROM t WHERE id <= $1 ORDER BY id")
	show(err, statement.ParamOIDs, len(statement.Fields))
	s.ask("named", 3)
	show(s.connection.Deallocate(background, "named"))
	results, err := s.connection.PgConn().Exec(background, "SELECT 1 AS a; UPDATE t SET c = 0 WHERE id < 4; SELECT 2/0").ReadAll()
	show(len(results), err)
	s.do("DO 'BEGIN RAISE NOTICE ''noticed''; END'")
	s.do("LISTEN here")
	s.do("NOTIFY here, 'word'")
	notification := must(s.connection.WaitForNotification(background))
	show(notification.Channel, notification.Payload)
}

func (s *scenario) batches() {
	run := func(batch *pgx.Batch) {
		results := s.connection.SendBatch(background, batch)
		for range batch.Len() {
			tag, err := results.Exec()
			show(tag, err)
		}
		show(results.Close())
	}
	var good, bad pgx.Batch
	for i := range 10 {
		good.Queue("INSERT INTO t (c) VALUES ($1)", i)
	}
	good.Queue("SELECT count(*) FROM t")
	run(&good)
	bad.Queue("INSERT INTO t (c) VALUES ($1)", 1)
	bad.Queue("SELECT 1/$1::int", 0)
	bad.Queue("SELECT $1::int", 5)
	run(&bad)
	s.ask("SELECT count(*) FROM t")
}

func (s *scenario) pipeline() {
	pipeline := s.connection.PgConn().StartPipeline(background)
	pipeline.SendPrepare("p", "SELECT $1::int / $2::int", nil)
	for i := range 4 { // each Sync ends what the error of its part skips
		pipeline.SendQueryPrepared("p", [][]byte{[]byte("10"), []byte(fmt.Sprint(2 - i))}, nil, nil)
		pipeline.SendQueryParams("SELECT $1::text", [][]byte{[]byte(fmt.Sprint(i))}, nil, nil, nil)
		if i%2 == 1 {
			show(pipeline.Sync())
		}
	}
	pipeline.SendDeallocate("p")
	show(pipeline.Sync())
	for {
		result, err := pipeline.GetResults()
		if result == nil && err == nil {
			break
		}
		if reader, is := result.(*pgconn.ResultReader); is && err == nil {
			got := reader.Read()
			show(fmt.Sprintf("%s", got.Rows), got.CommandTag, got.Err)
		} else {
			show(fmt.Sprintf("%T", result), err)
		}
	}
	show(pipeline.Close())
}

func (s *scenario) transactions() {
	tx := must(s.connection.BeginTx(background, pgx.TxOptions{IsoLevel: pgx.Serializable}))
	nested := must(tx.Begin(background)) // a savepoint
	_, err := nested.Exec(background, "SELECT 1/$1::int", 0)
	show(err, nested.Rollback(background))
	objects := tx.LargeObjects()
	object := must(objects.Open(background, must(objects.Create(background, 0)), pgx.LargeObjectModeWrite|pgx.LargeObjectModeRead))
	show(object.Write(make([]byte, 100000)))
	show(object.Seek(5, 0))
	show(tx.Rollback(background))
	show(pgx.BeginFunc(background, s.connection, func(tx pgx.Tx) error {
		_, err := tx.Exec(background, "DELETE FROM t WHERE id > $1", 1000)
		return err
	}))
	s.ask("SELECT count(*) FROM t")
}

func (s *scenario) copies() {
	source := pgx.CopyFromSlice(500, func(i int) ([]any, error) { return []any{i}, nil })
	show(s.connection.CopyFrom(background, pgx.Identifier{"t"}, []string{"c"}, source))
	failing := pgx.CopyFromSlice(2, func(i int) ([]any, error) { return nil, errors.New("no more") })
	show(s.connection.CopyFrom(background, pgx.Identifier{"t"}, []string{"c"}, failing))
	var out bytes.Buffer
	show(s.connection.PgConn().CopyTo(background, &out, "COPY (SELECT c FROM t ORDER BY id) TO STDOUT"))
	show(out.Len())
	show(s.connection.PgConn().CopyFrom(background, strings.NewReader("1\nx\n"), "COPY t (c) FROM STDIN"))
	s.do("DELETE FROM t WHERE id > 1000")
}

func (s *scenario) schema() {
	s.ask("SELECT * FROM t WHERE id = $1", 9)
	s.do("CREATE INDEX i ON t (c)")
	s.do("ALTER TABLE t ADD COLUMN note text")
	s.ask("SELECT * FROM t WHERE id = $1", 9) // what the cache holds fits no longer
	s.ask("SELECT * FROM t WHERE id = $1", 9)
	s.ask("SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass")
	s.do("ALTER TABLE t DROP COLUMN note")
	s.do("DROP INDEX i")
}

func (s *scenario) cancel() {
	for _, sql := range []string{"SELECT pg_sleep(60)", "SELECT pg_sleep($1::int)"} {
		limited, end := context.WithTimeout(background, 200*time.Millisecond)
		arguments := []any{60}
		_, err := s.connection.Exec(limited, sql, arguments[:strings.Count(sql, "$")]...)
		show(err)
		end()
	}
	s.ask("SELECT 'still here'")
}
