#include "protocol/sqlstate.hpp"
#include "proxy/gate.hpp"

// Statements of ours on the client's connection: each of these is an exchange with the server.
// One co_await per statement and none in conditions: g++ 12 destroys temporaries of such expressions twice.

namespace proxy {

// Suspends the task until the batch that was sent has its last reply.
struct gate::wait_for_batch {
    gate& g;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h) const noexcept { g.waiting_ = h; }
    batch_reply await_resume() const {
        auto reply = g.batch_->take();
        g.batch_.reset();
        return reply;
    }
};

task<batch_reply> gate::ask(batch b) {
    counts_.batches.add();
    to_server_->add(encode(b, conversation_));
    batch_.emplace(b);
    exchange_done_ = false;
    question_.begin(now_);
    wait_for_batch replies{*this};
    auto reply = co_await replies;
    if (question_.is_there()) co_await end_question(reply);
    if (reply.error && b.end == batch_end::sync) {  // its Close was skipped: the client is to find no statement of ours
        to_server_->add(encode(batch{}, conversation_));
        batch_.emplace(batch{});
        exchange_done_ = false;
        wait_for_batch closed{*this};
        co_await closed;
    }
    co_return reply;
}

// Asks what is kept by its name, and once more in full where the server does not have it as it should.
task<batch_reply> gate::ask_safely(std::vector<policy::catalog_query> queries, batch_end end) {
    // In the client's un-synced pipeline an error that is ours to make good would be the client's.
    if (end == batch_end::flush) {
        for (auto& query : queries) query.kept_as = {};
        auto reply = co_await ask_guarded(std::move(queries), end);
        co_return reply;
    }
    auto wanted = queries;
    const auto kept = kept_.take(wanted);
    auto reply = co_await ask_guarded(std::move(wanted), end);
    const bool lost = !kept.empty() && (reply.ok() ? !kept_statements::proven(kept, reply.rows.front())
                                                   : reply.error && reply.error->get('C') == protocol::sqlstate::invalid_statement_name);
    if (!reply.ok() || lost) kept_.doubt();
    if (lost) {
        for (auto& query : queries) query.kept_as = {};
        auto again = co_await ask_guarded(std::move(queries), end);
        co_return again;
    }
    if (reply.ok() && !kept.empty()) reply.rows.erase(reply.rows.begin());
    co_return reply;
}

// Inside a transaction block a savepoint keeps an error of ours (a cancel that came late, a missing permission) from
// aborting the client's transaction. The replies are those of `queries` alone.
task<batch_reply> gate::ask_guarded(std::vector<policy::catalog_query> queries, batch_end end) {
    if (status() != 'T') {
        batch plain{std::move(queries), end};
        auto reply = co_await ask(std::move(plain));
        co_return reply;
    }
    batch guarded{std::move(queries), end};
    guarded.queries.insert(guarded.queries.begin(), {"/* lockkeeper */ SAVEPOINT _lockkeeper", {}});
    guarded.queries.push_back({"/* lockkeeper */ RELEASE SAVEPOINT _lockkeeper", {}});
    auto reply = co_await ask(std::move(guarded));
    if (reply.ok()) {
        reply.rows.erase(reply.rows.begin());
        reply.rows.pop_back();
    } else if (reply.error && !reply.rows.empty()) {
        batch back{{{"/* lockkeeper */ ROLLBACK TO SAVEPOINT _lockkeeper", {}},
                    {"/* lockkeeper */ RELEASE SAVEPOINT _lockkeeper", {}}},
                   end};
        auto done = co_await ask(std::move(back));
        (void)done;  // where this fails the transaction is aborted, and the next ReadyForQuery says so
    }
    co_return reply;
}

// Questions to the catalog, each exchange no longer than timeouts.catalog.
task<batch_reply> gate::ask_in_time(std::vector<policy::catalog_query> queries, batch_end end) {
    question_.within = conduct_.timeouts.catalog;
    auto reply = co_await ask_safely(std::move(queries), end);
    question_.within = std::chrono::milliseconds::zero();
    co_return reply;
}

task<batch_reply> gate::ask_one(std::string sql) {
    batch one{{{std::move(sql), {}}}, batch_end::sync};
    auto reply = co_await ask(std::move(one));
    co_return reply;
}

}  // namespace proxy
