// What lib/pq does of its own, under database/sql: parameters in one round trip, COPY as a statement, a listener, and cancels.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/lib/pq"
)

func main() {
	for _, setting := range []string{"", "&binary_parameters=yes"} {
		fmt.Println("--", setting)
		connector := must(pq.NewConnector(os.Args[1] + setting))
		database := sql.OpenDB(pq.ConnectorWithNoticeHandler(connector, func(notice *pq.Error) { fmt.Println("notice:", notice.Message) }))
		database.SetMaxOpenConns(1)
		queries(database)
		transactions(database)
		copies(database)
		schema(database)
		cancel(database)
		show(database.Close())
	}
	listen()
}

func show(values ...any) {
	for i, value := range values {
		var failed *pq.Error
		if err, is := value.(error); is && errors.As(err, &failed) {
			values[i] = string(failed.Code) + " " + failed.Message
		} else if result, is := value.(sql.Result); is {
			values[i] = must(result.RowsAffected())
		}
	}
	fmt.Println(values...)
}

type asker interface {
	Query(string, ...any) (*sql.Rows, error)
}

func ask(database asker, text string, arguments ...any) {
	rows, err := database.Query(text, arguments...)
	if err != nil {
		show(err)
		return
	}
	defer rows.Close()
	columns := must(rows.Columns())
	for {
		for rows.Next() {
			values, places := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				places[i] = &values[i]
			}
			show(rows.Scan(places...))
			show(values...)
		}
		if !rows.NextResultSet() {
			break
		}
		columns = must(rows.Columns())
	}
	show(rows.Err())
}

func queries(database *sql.DB) {
	for i := range 3 {
		ask(database, "SELECT $1::int + 1, $2::text, $3::int[], $4::bytea", i, "it's \\ \u00fc", pq.Array([]int{1, 2}), []byte{0, 255})
	}
	ask(database, "SELECT 1; SELECT 2, 3; SELECT 4/0")
	ask(database, "SELECT nothing FROM t")
	ask(database, "SELECT 1/$1::int", 0)
	statement := must(database.Prepare("UPDATE t SET c = $1 WHERE id <= $2 RETURNING c"))
	for i := range 3 {
		rows := must(statement.Query(i, 5))
		rows.Next()
		show(rows.Close()) // the rest is read and dropped
	}
	show(statement.Exec(1, 7))
	show(statement.Close())
	show(database.Exec("DO 'BEGIN RAISE NOTICE ''noticed''; END'"))
}

func transactions(database *sql.DB) {
	tx := must(database.BeginTx(background, &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead}))
	_, err := tx.Exec("DELETE FROM t WHERE id = $1", 1)
	show(err)
	ask(tx, "SELECT 'in a failed transaction'")
	show(tx.Commit())
	tx = must(database.Begin())
	show(tx.Exec("INSERT INTO t (c) VALUES ($1), ($1)", 5))
	show(tx.Exec("SAVEPOINT s; SELECT 1/0"))
	show(tx.Exec("ROLLBACK TO s"))
	ask(tx, "SELECT count(*) FROM t")
	show(tx.Rollback())
}

func copies(database *sql.DB) {
	for _, values := range [][]any{{1, nil, 3}, {1, "x"}} {
		tx := must(database.Begin())
		statement := must(tx.Prepare(pq.CopyIn("t", "c")))
		for _, value := range values {
			show(statement.Exec(value))
		}
		show(statement.Exec())
		show(statement.Close())
		show(tx.Commit())
	}
	_, err := database.Exec("COPY t TO STDOUT")
	show(err)
	ask(database, "SELECT count(*) FROM t")
	show(database.Exec("DELETE FROM t WHERE id > 1000"))
}

func schema(database *sql.DB) {
	statement := must(database.Prepare("CREATE INDEX i ON t (c)"))
	show(statement.Exec())
	ask(database, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass")
	show(database.Exec("DROP INDEX i"))
	show(database.Exec("CREATE INDEX i ON t (c)"))
	show(database.Exec("DROP INDEX i"))
}

func cancel(database *sql.DB) {
	for _, arguments := range [][]any{{"SELECT pg_sleep(60)"}, {"SELECT pg_sleep($1)", 60}} {
		limited, end := context.WithTimeout(background, 200*time.Millisecond)
		_, err := database.ExecContext(limited, arguments[0].(string), arguments[1:]...)
		show(err)
		end()
	}
	ask(database, "SELECT 'still here'")
}

func listen() {
	listener := pq.NewListener(os.Args[1], time.Second, time.Second, nil)
	show(listener.Listen("here"))
	show(listener.Listen("here"))
	database := sql.OpenDB(must(pq.NewConnector(os.Args[1])))
	show(database.Exec("NOTIFY here, 'word'"))
	notification := <-listener.Notify
	show(notification.Channel, notification.Extra, listener.Ping(), listener.UnlistenAll(), listener.Close(), database.Close())
}
