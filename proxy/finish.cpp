#include "proxy/finish.hpp"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <thread>

#include "policy/plans/rename.hpp"
#include "policy/qualified_sql.hpp"
#include "policy/quote.hpp"
#include "proxy/lock_wait.hpp"
#include "proxy/server_connection.hpp"

namespace proxy {
namespace {

using std::chrono::milliseconds;

enum column { name, comment, may_drop };

// The comment alone proves nothing: whoever made it may own any view. What it is on is only dropped where it is a view,
// and never with CASCADE.
policy::catalog_query views() {
    return policy::our_query(
                "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), d.description, "
                "pg_catalog.pg_has_role(c.relowner, 'USAGE') "
                "FROM pg_catalog.pg_description AS d JOIN pg_catalog.pg_class AS c ON (c.oid = d.objoid) "
                "JOIN pg_catalog.pg_namespace AS n ON (n.oid = c.relnamespace) "
                "WHERE d.classoid = 1259::pg_catalog.oid AND d.objsubid = 0 AND c.relkind = 'v' "
                "AND pg_catalog.starts_with(d.description, $1::pg_catalog.text) ORDER BY n.nspname, c.relname",
                {std::string(policy::plans::stands_in_for)});
}

std::string at(const policy::catalog_row& row, column c) { return row[c].value_or(""); }

// Once: false where the lock did not come in time.
bool dropped(server_connection& server, const std::string& view, milliseconds patience) {
    server.run({"/* lockkeeper */ SET lock_timeout = " + std::to_string(patience.count()), {}});
    try {
        server.run({"/* lockkeeper */ DROP VIEW " + view, {}});
        return true;
    } catch (const statement_error& problem) {
        if (!lost_the_lock(problem.sqlstate)) throw;
        return false;
    }
}

// As the proxy gets a lock: it does not queue for long, so that readers of the old name do not queue behind it.
bool drop(server_connection& server, const std::string& view, const config::settings& settings) {
    const std::vector<policy::wanted_lock> wanted{{view, policy::lock_mode::access_exclusive}};
    const auto now = [] { return std::chrono::steady_clock::now(); };
    lock_attempts tries(settings.locks, settings.timeouts.lock, milliseconds::zero(), 0, now());
    for (;;) {
        const auto holders = read_holders(server.run(holders_query(wanted, settings.locks.old_after)));
        const bool last = !tries.may_go_on(now());
        if ((holders.empty() || last) && dropped(server, view, tries.timeout())) return true;
        if (last) {
            std::cerr << "    not dropped: the lock did not come. " << describe(holders) << "\n";
            return false;
        }
        if (holders.empty()) tries.failed();
        std::this_thread::sleep_for(tries.pause());
    }
}

bool finish_one(server_connection& server, const policy::catalog_row& row, const finish_options& options, const config::settings& settings) {
    const auto view = at(row, name);
    std::cout << view << ", " << at(row, comment).substr(std::string_view("lockkeeper: ").size()) << "\n";
    if (options.dry_run) return std::cout << "    DROP VIEW " << view << "\n", false;
    if (at(row, may_drop) != "t") return std::cerr << "    not dropped: this role does not own it\n", false;
    try {
        if (!drop(server, view, settings)) return false;
    } catch (const statement_error& problem) {
        std::cerr << "    not dropped: " << problem.what() << "\n";
        return false;
    }
    std::cout << "    dropped" << std::endl;
    return true;
}

}  // namespace

int finish(const finish_options& options, const config::settings& settings) {
    return exit_status_of([&] {
        server_connection server(options.dsn);
        const auto rows = server.run(views());
        if (rows.empty()) std::cout << "nothing is left to finish\n";
        const auto left = std::count_if(rows.begin(), rows.end(),
                                        [&](const auto& row) { return !finish_one(server, row, options, settings); });
        return left == 0 ? 0 : 1;
    });
}

}  // namespace proxy
