import java.sql.DriverManager;
import java.sql.SQLException;

/** Logs in by each URL and says on a line of its own "ok" and the user, or the SQLSTATE and why. */
class jdbc_login {
    public static void main(String[] urls) {
        for (String url : urls) System.out.println(log_in(url).replace("\n", " "));
    }

    static String log_in(String url) {
        try (var connection = DriverManager.getConnection(url);
             var result = connection.createStatement().executeQuery("SELECT current_user")) {
            result.next();
            return "ok " + result.getString(1);
        } catch (SQLException error) {
            String said = error.getSQLState() + " " + error.getMessage();
            // What TLS and SCRAM found stands in the causes only.
            for (var cause = error.getCause(); cause != null; cause = cause.getCause()) said += " / " + cause.getMessage();
            return said;
        }
    }
}
