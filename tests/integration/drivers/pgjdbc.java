import java.io.StringReader;
import java.io.StringWriter;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.postgresql.PGConnection;
import org.postgresql.PGStatement;
import org.postgresql.largeobject.LargeObjectManager;

/** What pgjdbc does of its own: modes of query, batches, portals, fast path calls, savepoints behind the program's back. */
class pgjdbc {
    interface Work {
        Object run() throws Exception;
    }

    final Connection connection;
    final Statement statement;
    final PGConnection own;

    pgjdbc(Connection connection) throws SQLException {
        this.connection = connection;
        statement = connection.createStatement();
        own = connection.unwrap(PGConnection.class);
    }

    public static void main(String[] arguments) throws Exception {
        String[][] settings = {{}, {"preferQueryMode", "simple"}, {"preferQueryMode", "extendedForPrepared"},
            {"preferQueryMode", "extendedCacheEverything"}, {"reWriteBatchedInserts", "true"}, {"prepareThreshold", "-1"},
            {"autosave", "always"}, {"autosave", "conservative", "cleanupSavepoints", "true"}};
        for (String[] words : settings) {
            System.out.println("-- " + String.join(" ", words));
            var properties = new Properties();
            for (int i = 0; i < words.length; i += 2) properties.setProperty(words[i], words[i + 1]);
            try (var connection = DriverManager.getConnection(arguments[0], properties)) {
                var scenario = new pgjdbc(connection);
                scenario.queries();
                scenario.batches();
                scenario.transactions();
                scenario.copies();
                scenario.schema();
                scenario.cancel(arguments[0]);
                if (!is_simple(words)) scenario.largeObjects();
            }
        }
    }

    /** The fast path knows no simple query. */
    static boolean is_simple(String[] words) {
        return List.of(words).contains("simple");
    }

    void show(Work work) {
        try {
            System.out.println(work.run());
        } catch (BatchUpdateException error) {
            System.out.println(error.getSQLState() + " " + Arrays.toString(error.getUpdateCounts()));
        } catch (SQLException error) {
            System.out.println(error.getSQLState() + " " + error.getMessage().replace("\n", " "));
        } catch (Exception error) {
            System.out.println(error);
        }
    }

    static List<List<Object>> rows(ResultSet result) throws SQLException {
        var all = new ArrayList<List<Object>>();
        while (result.next()) {
            var row = new ArrayList<Object>();
            for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) row.add(result.getObject(i));
            all.add(row);
        }
        return all;
    }

    static int sum(ResultSet result) throws SQLException {
        int sum = 0;
        while (result.next()) sum += result.getInt(1);
        return sum;
    }

    void queries() throws SQLException {
        try (var prepared = connection.prepareStatement("SELECT ?::int + 1, ?::text, ARRAY[1, 2], 'x'::bytea, 1.5::float8, now() - now()")) {
            for (int i = 0; i < 7; i++) {  // named on the server from the fifth on, its answers binary from the next
                prepared.setInt(1, i);
                prepared.setString(2, "it's \\ \u00fc");
                show(() -> {
                    var result = prepared.executeQuery();
                    result.next();
                    return result.getInt(1) + result.getString(2) + Arrays.toString((Object[]) result.getArray(3).getArray())
                        + result.getBytes(4).length + result.getDouble(5) + result.getObject(6);
                });
            }
            System.out.println(prepared.unwrap(PGStatement.class).isUseServerPrepare());
        }
        show(() -> {
            var all = new ArrayList<Object>();
            for (boolean result = statement.execute("SELECT 1 AS a; UPDATE t SET c = 0 WHERE id < 4; SELECT 2 AS b");; result = statement.getMoreResults()) {
                if (!result && statement.getUpdateCount() < 0) return all;
                all.add(result ? rows(statement.getResultSet()) : statement.getUpdateCount());
            }
        });
        show(() -> statement.executeQuery("SELECT nothing FROM t"));
        show(() -> statement.execute("INSERT INTO t (c) VALUES (1); SELECT 1/0"));  // one transaction of the server's, or two
        show(() -> rows(statement.executeQuery("SELECT count(*) FROM t")));
        show(() -> {
            statement.execute("DO 'BEGIN RAISE NOTICE ''one''; RAISE WARNING ''two''; END'");
            var said = new ArrayList<String>();
            for (SQLWarning warning = statement.getWarnings(); warning != null; warning = warning.getNextWarning()) said.add(warning.getMessage());
            return said;
        });
        show(() -> {
            statement.execute("LISTEN here");
            statement.execute("NOTIFY here, 'word'");
            return Arrays.stream(own.getNotifications(5000)).map(n -> n.getName() + " " + n.getParameter()).toList();
        });
        try (var call = connection.prepareCall("{? = call upper(?)}")) {
            call.registerOutParameter(1, java.sql.Types.VARCHAR);
            call.setString(2, "low");
            show(() -> call.execute() + call.getString(1));
        }
        show(() -> {
            var result = connection.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE)
                .executeQuery("SELECT id, c FROM t WHERE id = 5");
            result.next();
            result.updateInt("c", 55);
            result.updateRow();
            return rows(statement.executeQuery("SELECT c FROM t WHERE id = 5"));
        });
    }

    void batches() throws SQLException {
        try (var insert = connection.prepareStatement("INSERT INTO t (c) VALUES (?)", Statement.RETURN_GENERATED_KEYS)) {
            for (int i = 0; i < 400; i++) {
                insert.setInt(1, i);
                insert.addBatch();
            }
            show(() -> Arrays.stream(insert.executeBatch()).distinct().count() + " " + sum(insert.getGeneratedKeys()));
        }
        try (var insert = connection.prepareStatement("INSERT INTO t (c) VALUES (?)")) {
            for (int i = 0; i < 300; i++) {
                insert.setInt(1, i);
                insert.addBatch();
            }
            show(() -> IntStream.of(insert.executeBatch()).distinct().count());
        }
        try (var divide = connection.prepareStatement("UPDATE t SET c = 100 / ? WHERE id = ?")) {
            for (int i = 3; i > -3; i--) {
                divide.setInt(1, i);
                divide.setInt(2, i + 10);
                divide.addBatch();
            }
            show(() -> Arrays.toString(divide.executeBatch()));
        }
        for (String sql : new String[] {"UPDATE t SET c = 1 WHERE id = 1", "DELETE FROM t WHERE id > 1000", "CREATE TEMP TABLE tt (a int)", "DROP TABLE tt"})
            statement.addBatch(sql);
        show(() -> Arrays.toString(statement.executeBatch()));
        show(() -> rows(statement.executeQuery("SELECT count(*), sum(c) FROM t")));
    }

    void transactions() throws SQLException {
        connection.setAutoCommit(false);
        statement.setFetchSize(70);
        show(() -> sum(statement.executeQuery("SELECT id FROM t ORDER BY id")));  // by a portal, again and again
        show(() -> {
            var one = statement.executeQuery("SELECT id FROM t ORDER BY id");
            one.next();
            try (var other = connection.createStatement()) {  // between two parts of the other's rows
                return sum(other.executeQuery("SELECT 5")) + sum(one);
            }
        });
        statement.setFetchSize(0);
        var here = connection.setSavepoint("here");
        show(() -> statement.executeQuery("SELECT 1/0"));
        show(() -> rows(statement.executeQuery("SELECT 'after an error'")));  // with autosave only
        show(() -> {
            connection.rollback(here);
            return statement.executeUpdate("INSERT INTO t (c) VALUES (7), (8)", new String[] {"c"}) + " " + sum(statement.getGeneratedKeys());
        });
        connection.rollback();
        show(() -> {
            connection.setReadOnly(true);
            return statement.executeUpdate("DELETE FROM t");
        });
        connection.rollback();
        connection.setReadOnly(false);
        connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
        show(() -> rows(statement.executeQuery("SHOW transaction_isolation")));
        connection.commit();
        connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
        show(() -> statement.execute("SELECT nothing"));
        show(() -> {
            connection.commit();  // of a failed transaction
            return "committed";
        });
        connection.rollback();
        connection.setAutoCommit(true);
    }

    void copies() throws SQLException {
        var copy = own.getCopyAPI();
        show(() -> copy.copyIn("COPY t (c) FROM STDIN", new StringReader("1\n2\n3\n"), 2));
        show(() -> copy.copyIn("COPY t (c) FROM STDIN", new StringReader("1\nx\n")));
        show(() -> {
            var in = copy.copyIn("COPY t (c) FROM STDIN (FORMAT csv)");
            in.writeToCopy("4\n".getBytes(), 0, 2);
            in.cancelCopy();
            return in.isActive();
        });
        show(() -> {
            var out = new StringWriter();
            return copy.copyOut("COPY (SELECT id FROM t ORDER BY id) TO STDOUT", out) + " " + out.toString().length();
        });
        show(() -> statement.executeUpdate("DELETE FROM t WHERE id > 1000"));
    }

    void schema() throws SQLException {
        show(() -> statement.executeUpdate("CREATE INDEX i ON t (c)"));
        show(() -> {
            try (var prepared = connection.prepareStatement("ALTER TABLE t ADD COLUMN note varchar(10) DEFAULT 'x'")) {
                return prepared.execute();
            }
        });
        show(() -> {
            var names = new ArrayList<String>();
            var columns = connection.getMetaData().getColumns(null, "public", "t", null);
            while (columns.next()) names.add(columns.getString("COLUMN_NAME") + " " + columns.getString("TYPE_NAME"));
            var indexes = connection.getMetaData().getIndexInfo(null, "public", "t", false, true);
            while (indexes.next()) names.add(indexes.getString("INDEX_NAME"));
            return names;
        });
        try (var prepared = connection.prepareStatement("SELECT * FROM t WHERE id = 1")) {
            for (int i = 0; i < 6; i++) prepared.executeQuery();
            statement.execute("ALTER TABLE t DROP COLUMN note");  // the statement on the server fits no longer: the driver makes it again
            show(() -> rows(prepared.executeQuery()).get(0).size());
        }
        show(() -> statement.executeUpdate("DROP INDEX i"));
    }

    void cancel(String url) throws SQLException {
        var canceled = CompletableFuture.runAsync(() -> {
            try (var other = DriverManager.getConnection(url); var looking = other.createStatement()) {
                var sleeping = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND pid = " + own.getBackendPID();
                while (!looking.executeQuery(sleeping).next()) Thread.onSpinWait();
                statement.cancel();
            } catch (SQLException error) {
                throw new RuntimeException(error);
            }
        });
        show(() -> statement.execute("SELECT pg_sleep(60)"));
        canceled.join();
        show(() -> rows(statement.executeQuery("SELECT 'still here'")));
    }

    /** Each of its calls is a FunctionCall. */
    void largeObjects() throws SQLException {
        connection.setAutoCommit(false);
        show(() -> {
            var objects = own.getLargeObjectAPI();
            long oid = objects.createLO(LargeObjectManager.READWRITE);
            try (var object = objects.open(oid, LargeObjectManager.READWRITE)) {
                object.write(new byte[300_000]);
                object.write("end".getBytes());
                object.seek64(299_999, org.postgresql.largeobject.LargeObject.SEEK_SET);
                return object.size64() + " " + new String(object.read(10)).trim() + " " + object.tell64();
            }
        });
        show(() -> own.getLargeObjectAPI().open(1L));
        show(() -> rows(statement.executeQuery("SELECT 1")));
        connection.rollback();
        connection.setAutoCommit(true);
    }
}
