/*
 * What libpq can do, by its own calls: each query in turn, without blocking, and in pipelines. What came with libpq 17 and 18
 * is looked up when the program runs, so that one program tries each release.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <libpq-fe.h>
#include <libpq/libpq-fs.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static PGconn *connection;

static void *newer(const char *name)
{
    return dlsym(RTLD_DEFAULT, name);
}

static void noticed(void *argument, const PGresult *result)
{
    (void) argument;
    printf("notice: %s", PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
    puts("");
}

static void show(const char *name, PGresult *result)
{
    if (result == NULL) {
        printf("%s: no more\n", name);
        return;
    }
    printf("%s: %s %s %s", name, PQresStatus(PQresultStatus(result)), PQcmdStatus(result), PQresultErrorMessage(result));
    for (int row = 0; row < PQntuples(result) && row < 3; ++row)
        for (int column = 0; column < PQnfields(result); ++column)
            if (PQfformat(result, column) == 0)
                printf(" %s=%s", PQfname(result, column), PQgetisnull(result, row, column) ? "NULL" : PQgetvalue(result, row, column));
            else
                printf(" %s=%d octets", PQfname(result, column), PQgetlength(result, row, column));
    printf(" (%d rows)\n", PQntuples(result));
    PQclear(result);
}

static void ask(const char *sql)
{
    show(sql, PQexec(connection, sql));
}

static void queries(void)
{
    const char *const values[] = {"41", NULL, "it's \\ \xc3\xbc"};
    const char octets[] = {0, 0, 0, 42, 0};
    ask("SELECT 1 AS a; UPDATE t SET c = 0 WHERE id < 4; SELECT 2 AS b");
    ask("SELECT nothing FROM t");
    ask("");
    ask("BEGIN; SELECT 1/0; SELECT 2");
    ask("ROLLBACK");
    show("text", PQexecParams(connection, "SELECT $1::int + 1 AS a, $2::text AS b, $3::text AS c", 3, NULL, values, NULL, NULL, 0));
    show("binary", PQexecParams(connection, "SELECT $1::int AS a, $1::int::text AS b", 1, NULL, (const char *const[]) {octets},
                                (int[]) {4}, (int[]) {1}, 1));
    show("prepare", PQprepare(connection, "p", "SELECT c FROM t WHERE id <= $1 ORDER BY id", 0, NULL));
    PGresult *described = PQdescribePrepared(connection, "p");
    printf("%d parameter of type %u, %d column of type %u\n", PQnparams(described), PQparamtype(described, 0), PQnfields(described),
           PQftype(described, 0));
    PQclear(described);
    for (int i = 0; i < 2; ++i)
        show("prepared", PQexecPrepared(connection, "p", 1, values, NULL, NULL, 0));
    PGresult *(*close_prepared)(PGconn *, const char *) = (PGresult * (*) (PGconn *, const char *)) newer("PQclosePrepared");
    if (close_prepared)
        show("close", close_prepared(connection, "p"));
    ask("BEGIN; DECLARE k CURSOR FOR SELECT id FROM t ORDER BY id; FETCH 2 FROM k");
    show("portal", PQdescribePortal(connection, "k"));
    ask("COMMIT");
    ask("DO 'BEGIN RAISE NOTICE ''noticed''; END'");
    ask("LISTEN here; NOTIFY here, 'word'");
    PGnotify *notification = PQnotifies(connection);
    printf("told: %s %s\n", notification->relname, notification->extra);
    PQfreemem(notification);
}

static void rows_in_parts(void)
{
    int (*chunks)(PGconn *, int) = (int (*)(PGconn *, int)) newer("PQsetChunkedRowsMode");
    for (int way = 0; way < 2; ++way) {
        PQsendQuery(connection, "SELECT 100 / (id - 7) AS x FROM t ORDER BY id; SELECT 5");
        if (way == 0)
            PQsetSingleRowMode(connection);
        else if (chunks)
            chunks(connection, 4);
        for (PGresult *result; (result = PQgetResult(connection)) != NULL;)
            show("part", result);
    }
}

static void copies(void)
{
    char *line;
    int lines = 0;
    for (int broken = 0; broken < 3; ++broken) {
        show("COPY", PQexec(connection, "COPY t (c) FROM STDIN"));
        for (int i = 0; i < 1000; ++i)
            PQputCopyData(connection, broken == 1 && i == 900 ? "x\n" : "5\n", 2);
        PQputCopyEnd(connection, broken == 2 ? "the program has no more" : NULL);
        show("end", PQgetResult(connection));
        show("end", PQgetResult(connection));
    }
    show("COPY", PQexec(connection, "COPY t TO STDOUT"));
    for (; PQgetCopyData(connection, &line, 0) > 0; ++lines)
        PQfreemem(line);
    printf("%d lines\n", lines);
    show("end", PQgetResult(connection));
    show("end", PQgetResult(connection));
    ask("DELETE FROM t WHERE id > 1000");
}

/* Each call is a FunctionCall. */
static void large_objects(void)
{
    char buffer[8192];
    memset(buffer, 'x', sizeof buffer);
    ask("BEGIN");
    Oid oid = lo_create(connection, 0);
    int open = lo_open(connection, oid, INV_READ | INV_WRITE);
    for (int i = 0; i < 40; ++i)
        lo_write(connection, open, buffer, sizeof buffer);
    printf("large object: %ld", (long) lo_lseek64(connection, open, 8191, SEEK_SET));
    printf(" %d", lo_read(connection, open, buffer, 10));
    printf(" %d\n", lo_open(connection, 1, INV_READ));
    ask("SELECT 1");
    ask("ROLLBACK");
}

static void schema(void)
{
    ask("CREATE INDEX i ON t (c)");
    ask("DROP INDEX i");
    PQsetnonblocking(connection, 1);
    PQsendQueryParams(connection, "CREATE INDEX i ON t (c)", 0, NULL, NULL, NULL, NULL, 0);
    while (PQflush(connection) > 0)
        poll(&(struct pollfd) {PQsocket(connection), POLLIN | POLLOUT, 0}, 1, -1);
    while (PQisBusy(connection)) {
        poll(&(struct pollfd) {PQsocket(connection), POLLIN, 0}, 1, -1);
        PQconsumeInput(connection);
    }
    show("without blocking", PQgetResult(connection));
    show("without blocking", PQgetResult(connection));
    PQsetnonblocking(connection, 0);
    ask("SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass");
    ask("DROP INDEX i");
}

static void results_up_to_sync(void)
{
    for (int syncs = 0, nothing = 0; syncs < 1 && nothing < 3;) {
        PGresult *result = PQgetResult(connection);
        nothing = result == NULL ? nothing + 1 : 0;
        syncs += PQresultStatus(result) == PGRES_PIPELINE_SYNC && result != NULL;
        show("pipeline", result);
    }
}

/* More than the buffers on the way hold, both ways, so neither side may wait for the other. */
static void pipelines(void)
{
    char *big = malloc(20001);
    memset(big, 'y', 20000);
    big[20000] = 0;
    printf("%d\n", PQenterPipelineMode(connection));
    PQsetnonblocking(connection, 1);
    for (int i = 0; i < 300; ++i)
        PQsendQueryParams(connection, "SELECT $1::text AS x", 1, NULL, (const char *const[]) {big}, NULL, NULL, 0);
    PQpipelineSync(connection);
    int sent = 1, rows = 0;
    for (bool done = false; !done;) {
        if (sent > 0)
            sent = PQflush(connection);
        poll(&(struct pollfd) {PQsocket(connection), (short) (POLLIN | (sent > 0 ? POLLOUT : 0)), 0}, 1, -1);
        PQconsumeInput(connection);
        while (!done && !PQisBusy(connection)) {
            PGresult *result = PQgetResult(connection);
            rows += PQntuples(result);
            done = PQresultStatus(result) == PGRES_PIPELINE_SYNC && result != NULL;
            PQclear(result);
        }
    }
    printf("%d rows\n", rows);
    PQsetnonblocking(connection, 0);
    free(big);
    PQsendQueryParams(connection, "INSERT INTO t (c) VALUES (1)", 0, NULL, NULL, NULL, NULL, 0);
    PQsendFlushRequest(connection);
    show("flushed", PQgetResult(connection));
    show("flushed", PQgetResult(connection));
    PQsendQueryParams(connection, "SELECT 1/0", 0, NULL, NULL, NULL, NULL, 0);
    PQsendQueryParams(connection, "SELECT 'skipped'", 0, NULL, NULL, NULL, NULL, 0);
    int (*send_sync)(PGconn *) = (int (*)(PGconn *)) newer("PQsendPipelineSync");
    (send_sync ? send_sync : PQpipelineSync)(connection);
    PQsendPrepare(connection, "q", "SELECT $1::int + 1 AS a", 0, NULL);
    PQsendQueryPrepared(connection, "q", 1, (const char *const[]) {"6"}, NULL, NULL, 0);
    PQsendDescribePrepared(connection, "q");
    PQpipelineSync(connection);
    results_up_to_sync();
    results_up_to_sync();
    printf("%d\n", PQexitPipelineMode(connection));
    ask("SELECT count(*) FROM t");
}

static void wait_until_asleep(const char *settings)
{
    char sql[200];
    snprintf(sql, sizeof sql, "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND pid = %d", PQbackendPID(connection));
    PGconn *other = PQconnectdb(settings);
    for (bool asleep = false; !asleep;) {
        PGresult *result = PQexec(other, sql);
        asleep = PQntuples(result) == 1;
        PQclear(result);
    }
    PQfinish(other);
}

/* By the call that does not encrypt, and by libpq 17's, which connects as the connection itself did. */
static void cancel(const char *settings)
{
    void *(*create)(PGconn *) = (void *(*) (PGconn *) ) newer("PQcancelCreate");
    int (*blocking)(void *) = (int (*)(void *)) newer("PQcancelBlocking");
    void (*finish)(void *) = (void (*)(void *)) newer("PQcancelFinish");
    for (int way = 0; way < (create ? 2 : 1); ++way) {
        char problem[256] = "";
        PQsendQuery(connection, "SELECT pg_sleep(60)");
        wait_until_asleep(settings);
        if (way == 0) {
            PGcancel *request = PQgetCancel(connection);
            printf("cancel %d %s\n", PQcancel(request, problem, sizeof problem), problem);
            PQfreeCancel(request);
        } else {
            void *request = create(connection);
            printf("cancel as connected %d\n", blocking(request));
            finish(request);
        }
        show("canceled", PQgetResult(connection));
        show("canceled", PQgetResult(connection));
    }
    ask("SELECT 'still here'");
}

static PGconn *connected(const char *settings)
{
    PGconn *made = PQconnectStart(settings);
    for (PostgresPollingStatusType wants = PGRES_POLLING_WRITING; wants != PGRES_POLLING_OK && wants != PGRES_POLLING_FAILED;) {
        poll(&(struct pollfd) {PQsocket(made), wants == PGRES_POLLING_READING ? POLLIN : POLLOUT, 0}, 1, -1);
        wants = PQconnectPoll(made);
    }
    return made;
}

int main(int count, char **arguments)
{
    connection = count == 2 ? connected(arguments[1]) : NULL;
    if (PQstatus(connection) != CONNECTION_OK) {
        fputs(PQerrorMessage(connection), stderr);
        return 1;
    }
    PQsetNoticeReceiver(connection, noticed, NULL);
    int (*full)(const PGconn *) = (int (*)(const PGconn *)) newer("PQfullProtocolVersion");
    printf("server %d, protocol %d, encrypted %d\n", PQserverVersion(connection),
           full ? full(connection) : PQprotocolVersion(connection), PQsslInUse(connection));
    queries();
    rows_in_parts();
    copies();
    large_objects();
    schema();
    pipelines();
    cancel(arguments[1]);
    PQfinish(connection);
    return 0;
}
