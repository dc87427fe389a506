#include "proxy/resume.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <iostream>

#include "policy/qualified_sql.hpp"
#include "proxy/audit.hpp"
#include "proxy/ledger_table.hpp"
#include "proxy/audit_log.hpp"
#include "proxy/own_session.hpp"
#include "proxy/server_connection.hpp"

namespace proxy {
namespace {

namespace json = boost::json;
using policy::catalog_row;
using policy::catalog_rows;

std::string at(const catalog_row& row, ledger_table::column c) { return row[c].value_or(""); }

// Nullopt: there is no table, so nothing was ever put off.
std::optional<catalog_rows> listed(server_connection& server) {
    const auto there = server.run(ledger_table::question());
    if (there.empty()) return std::nullopt;
    if (there[0][1] != "t")
        throw statement_error("lockkeeper.pending belongs to " + there[0][0].value_or("") +
                              ", whom this role does not trust: what stands in it is not looked at, let alone run. Connect as its "
                              "owner or as an ordinary role, or drop it when it is empty and run: lockkeeper ledger create");
    return server.run(ledger_table::listing());
}

std::string title(const catalog_row& row) {
    return at(row, ledger_table::id) + ": " + at(row, ledger_table::object) + " on " + at(row, ledger_table::relation);
}

void print(const catalog_row& row) {
    std::cout << title(row) << ", put off at " << at(row, ledger_table::created_at) << " by " << at(row, ledger_table::session_role);
    if (const auto name = at(row, ledger_table::application_name); !name.empty()) std::cout << " (" << name << ")";
    std::cout << "\n    " << at(row, ledger_table::statement) << "\n";
    if (row[ledger_table::in_hand_of]) std::cout << "    pid " << at(row, ledger_table::in_hand_of) << " is at work on it\n";
    if (row[ledger_table::last_error])
        std::cout << "    failed " << at(row, ledger_table::attempts) << " times, last with " << at(row, ledger_table::last_error) << "\n";
}

json::value text_or_null(const std::optional<std::string>& value) { return value ? json::value(*value) : json::value(nullptr); }

json::object as_json(const catalog_row& row) {
    using namespace ledger_table;
    json::object o;
    o["id"] = std::stoi(at(row, id));
    for (const auto& [name, c] : {std::pair{"created_at", created_at}, {"session_role", session_role}, {"role", role},
                                  {"application_name", application_name}, {"relation", relation}, {"object", object},
                                  {"statement", statement}, {"version", version}})
        o[name] = at(row, c);
    o["attempts"] = std::stoi(at(row, attempts));
    o["last_error"] = text_or_null(row[last_error]);
    o["pid"] = row[in_hand_of] ? json::value(std::stoi(at(row, in_hand_of))) : json::value(nullptr);
    return o;
}

void print_json(const catalog_rows& rows) {
    json::array all;
    for (const auto& row : rows) all.push_back(as_json(row));
    std::cout << json::serialize(json::object{{"pending", std::move(all)}}) << "\n";
}

// "building index: loading tuples in tree, 43 %", from the server's progress view.
std::string progress_of(server_connection& server, int pid) {
    const auto rows = server.run(policy::our_query(
        "SELECT p.phase, CASE WHEN p.blocks_total > 0 THEN (100 * p.blocks_done / p.blocks_total)::pg_catalog.text END "
        "FROM pg_catalog.pg_stat_progress_create_index AS p WHERE p.pid = $1::pg_catalog.int4",
        {std::to_string(pid)}));
    if (rows.empty()) return {};
    return rows[0][0].value_or("") + (rows[0][1] ? ", " + *rows[0][1] + " %" : "");
}

// Tells how far the server is, where that has changed.
class progress {
public:
    explicit progress(server_connection& server) : server_(server) {}

    void tell() {
        auto now = progress_of(server_, pid);
        if (now.empty() || now == told_) return;
        told_ = std::move(now);
        std::cerr << "    " << told_ << "\n";
    }
    int pid = 0;  // of the session that works

private:
    server_connection& server_;
    std::string told_;
};

deferred_work work_of(const catalog_row& row) {
    deferred_work work;
    work.id = at(row, ledger_table::id);
    try {
        read_plan(at(row, ledger_table::plan), at(row, ledger_table::settings), work);
    } catch (const std::exception&) {
        throw statement_error("row " + work.id + " of lockkeeper.pending was written by version " + at(row, ledger_table::version) +
                              " of lockkeeper in a way that this one does not understand");
    }
    return work;
}

void print_steps(const deferred_work& work) {
    for (const auto& s : work.plan.steps) std::cout << "    " << (s.sql.empty() ? s.why : text_of(s)) << "\n";
}

void print_error(const protocol::error_fields& error) {
    std::cerr << "    ERROR:  " << error.get('M') << "\n";
    for (const auto& [field, name] : {std::pair{'D', "DETAIL"}, {'H', "HINT"}})
        if (!error.get(field).empty()) std::cerr << "    " << name << ":  " << error.get(field) << "\n";
}

// True: nothing of the row is left.
bool finish(const catalog_row& row, own_session* session) {
    std::cout << title(row) << std::endl;
    if (at(row, ledger_table::is_own) != "t") {
        std::cerr << "    it belongs to " << at(row, ledger_table::session_role) << ": run this as that role\n";
        return false;
    }
    auto work = work_of(row);
    if (session == nullptr) return print_steps(work), false;
    const auto error = session->resume(std::move(work), at(row, ledger_table::statement));
    if (error) return print_error(*error), false;
    std::cout << "    done" << std::endl;
    return true;
}

int finish_all(const catalog_rows& rows, server_connection& server, const ledger_options& options, const config::settings& settings) {
    audit_log audit(settings.audit);
    progress how_far(server);
    std::unique_ptr<own_session> session;
    bool all = true;
    for (const auto& row : rows) {
        if (!session && !options.dry_run) {
            session = std::make_unique<own_session>(options.dsn, std::make_shared<const config::settings>(settings),
                                                    [&](audit_record&& r) { return audit.write(r); }, [&] { how_far.tell(); });
            how_far.pid = session->server_pid();
        }
        all = finish(row, session.get()) && all;
    }
    return all ? 0 : 1;
}

}  // namespace

int show_pending(const ledger_options& options) {
    return exit_status_of([&] {
        server_connection server(options.dsn);
        const auto rows = listed(server).value_or(catalog_rows{});
        if (options.json) print_json(rows);
        else
            for (const auto& row : rows) print(row);
        if (rows.empty() && !options.json) std::cout << "nothing is pending\n";
        return rows.empty() ? 0 : 1;
    });
}

int resume(const ledger_options& options, const config::settings& settings) {
    return exit_status_of([&] {
        server_connection server(options.dsn);
        auto rows = listed(server).value_or(catalog_rows{});
        if (options.id != 0)
            std::erase_if(rows, [&](const catalog_row& row) { return at(row, ledger_table::id) != std::to_string(options.id); });
        if (rows.empty()) return std::cout << "nothing is pending\n", 0;
        return finish_all(rows, server, options, settings);
    });
}

int create_ledger(const ledger_options& options) {
    return exit_status_of([&] {
        server_connection server(options.dsn);
        if (listed(server)) return std::cout << "lockkeeper.pending is there already\n", 0;
        server.run({"BEGIN", {}});
        if (server.run(ledger_table::creation_lock())[0][0] != "t")
            throw statement_error("another transaction is making lockkeeper.pending; try again when that has ended");
        for (const auto& statement : ledger_table::creation()) server.run(statement);
        server.run({"COMMIT", {}});
        std::cout << "lockkeeper.pending is made\n";
        return 0;
    });
}

}  // namespace proxy
