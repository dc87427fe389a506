#include "proxy/batch.hpp"

#include "protocol/conversation.hpp"
#include "protocol/frontend.hpp"
#include "proxy/kept_statements.hpp"

namespace proxy {
namespace {

constexpr std::string_view statement_name = "_lockkeeper";
constexpr std::string_view portal_name = "_lockkeeper";

void append(protocol::buffer& out, protocol::buffer message, protocol::conversation& conversation) {
    // A message of ours is always allowed: batches are only sent where the line is settled.
    (void)conversation.on_frontend(static_cast<char>(message[0]), protocol::sender::ours);
    out.insert(out.end(), message.begin(), message.end());
}

}  // namespace

protocol::buffer encode(const batch& b, protocol::conversation& conversation) {
    protocol::buffer out;
    if (!b.fail_copy.empty()) {
        append(out, protocol::encode_copy_fail(b.fail_copy), conversation);
        append(out, protocol::encode_sync(), conversation);
    }
    // An error in an earlier batch skipped its Close; closing what does not exist is no error (manual, 55.2.3). In a
    // subtransaction that has failed, the portal would stay until it is rolled back.
    append(out, protocol::encode_close('P', portal_name), conversation);
    append(out, protocol::encode_close('S', statement_name), conversation);
    for (const auto& query : b.queries) {
        const bool kept = !query.kept_as.empty();
        const auto name = kept ? server_name(query.kept_as) : std::string(statement_name);
        if (kept && !query.sql.empty()) append(out, protocol::encode_close('S', name), conversation);
        if (!query.sql.empty()) append(out, protocol::encode_parse(name, query.sql), conversation);
        append(out, protocol::encode_bind(portal_name, name, query.parameters), conversation);
        append(out, protocol::encode_execute(portal_name), conversation);
        append(out, protocol::encode_close('P', portal_name), conversation);
        if (!kept) append(out, protocol::encode_close('S', name), conversation);
    }
    if (b.end != batch_end::none) append(out, b.end == batch_end::sync ? protocol::encode_sync() : protocol::encode_flush(), conversation);
    return out;
}

bool batch_collector::on_reply(const protocol::ledger::reply& r, char tag, protocol::bytes body) {
    switch (tag) {
    case 'D':
        if (auto row = protocol::decode_data_row(body)) rows_.push_back(std::move(*row));
        return false;
    case 'C':
    case 'I':
        reply_.rows.push_back(std::exchange(rows_, {}));
        reply_.tags.emplace_back(body.empty() ? std::string_view{} : protocol::as_text(body.first(body.size() - 1)));
        return false;
    case 'E':
        if (!reply_.error) {
            auto error = protocol::decode_error(body);
            reply_.error = error ? std::move(*error) : protocol::error_fields{};
        }
        return end_ == batch_end::flush;
    case '3':
        // The last Close of the last query ends a batch that has no Sync.
        return end_ == batch_end::flush && ++closes_ == 2 + 2 * queries_;
    case 'Z':
        if (std::exchange(first_sync_, false)) return false;
        reply_.skipped = !reply_.error && reply_.rows.size() < queries_;
        return r.completes;
    default: return false;
    }
}

bool batch_collector::on_dropped() noexcept {
    reply_.skipped = true;
    return end_ == batch_end::flush;
}

}  // namespace proxy
