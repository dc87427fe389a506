#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "policy/facts.hpp"
#include "protocol/backend.hpp"
#include "protocol/bytes.hpp"
#include "protocol/conversation.hpp"

namespace proxy {

// What stands behind the last statement of a batch.
enum class batch_end {
    sync,   // outside a transaction block the batch is a transaction of its own
    flush,  // it is part of the client's un-synced pipeline: an error in it ends that pipeline
    none,   // more follows at once, and what that is tells the end
};

// Statements of ours that run on the client's connection in one exchange: Parse, Bind, Execute, Close for each, under
// reserved names, so that the unnamed statement and every portal of the client's stay what they were. A query with a name
// (kept_as) stays prepared, and one with a name and no text is so already (kept_statements.hpp).
struct batch {
    std::vector<policy::catalog_query> queries;
    batch_end end = batch_end::sync;
    std::string fail_copy{};  // not empty: a CopyFail with this text and a Sync come first (leave_copy.cpp)
};

// What came of it.
struct batch_reply {
    bool skipped = false;                          // an error before it: the server did not run it
    std::optional<protocol::error_fields> error;   // of the first query that failed; those after it did not run
    std::vector<policy::catalog_rows> rows;        // of each query that ran
    std::vector<std::string> tags;                 // CommandComplete of each query that ran
    bool ok() const noexcept { return !skipped && !error; }
};

// The messages of the batch, entered into the ledger as ours.
protocol::buffer encode(const batch& b, protocol::conversation& conversation);

// Gathers the replies.
class batch_collector {
public:
    explicit batch_collector(const batch& b) noexcept : end_(b.end), queries_(b.queries.size()), first_sync_(!b.fail_copy.empty()) {}

    // One reply to one of our messages; true: that was the last one.
    bool on_reply(const protocol::ledger::reply& r, char tag, protocol::bytes body);
    // Messages of ours were dropped behind an error of the client's.
    bool on_dropped() noexcept;

    batch_reply take() { return std::move(reply_); }

private:
    batch_end end_;
    std::size_t queries_;        // queries in the batch
    bool first_sync_;            // in front of them; its ReadyForQuery is still to come
    std::size_t closes_ = 0;
    batch_reply reply_;
    policy::catalog_rows rows_;
};

}  // namespace proxy
