#include <cstdlib>
#include <iterator>

#include "protocol/conversation.hpp"

// Any order of messages from both sides: each octet pair of the input is one message. What must hold whatever they are: out
// of step is for ever, quiet means that nothing is owed, no reply settles more than there was, and the entries are bounded.
namespace {

void must(bool holds) {
    if (!holds) std::abort();
}

struct checked {
    protocol::conversation c;
    std::size_t sent = 0;  // messages that may have become an entry
    bool in_step = true;

    void check() {
        const auto& owed = c.owed();
        must(in_step || !owed.in_step());
        in_step = owed.in_step();
        if (owed.quiet()) must(owed.size() == 0 && owed.settled() && !owed.owing_ours() && owed.copying() == 0 && !owed.skipping());
        if (owed.skipping() || owed.perhaps_skipping()) must(owed.size() == 0 && !owed.quiet());
        if (owed.size() == 0) must(owed.settled() && owed.copying() == 0);
        must(owed.size() <= sent && owed.size() <= protocol::ledger::most);
        must(owed.full() == (owed.size() == protocol::ledger::most));
        if (c.phase() == protocol::phase::ready) must(owed.quiet());
    }

    void from_client(char tag, protocol::sender by, std::uint16_t note, int times) {
        for (; times > 0 && !c.owed().full(); --times) {
            const bool allowed = c.allows(tag);
            must(c.on_frontend(tag, by, note).has_value() == allowed);
            sent += allowed ? 1 : 0;
            check();
        }
    }

    void from_server(char tag, std::uint8_t first) {
        using owner = protocol::ledger::reply::owner;
        const auto before = c.owed().size();
        const auto r = c.on_backend(tag, first);
        must(c.owed().size() <= before);
        must(!r.completes || r.answers != 0);
        must((r.whose == owner::async || r.whose == owner::unexpected) == (r.answers == 0));
        must(r.whose != owner::unexpected || !c.owed().in_step());
        must(r.dropped_notes <= before - c.owed().size());
        check();
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static constexpr char client_tags[] = {'Q', 'P', 'B', 'D', 'E', 'C', 'S', 'H', 'F', 'd', 'c', 'f', 'X', 'p', '~', 'S'};
    static constexpr char server_tags[] = {'1', '2', '3', 't', 'T', 'n', 'D', 'C', 'I', 's', 'E', 'Z', 'G', 'H',
                                           'W', 'd', 'c', 'V', 'N', 'A', 'S', 'R', 'K', 'v', '~', 'Z', 'Z', 'E'};
    checked talk;
    for (std::size_t i = 0; i + 1 < size; i += 2) {
        const auto what = data[i], how = data[i + 1];
        if (what == 0xff) {
            talk.c.startup_sent();
        } else if ((what & 1) == 0) {
            const auto by = (how & 1) != 0 ? protocol::sender::ours : protocol::sender::client;
            const int times = how == 0xff && size == 4 ? 70'000 : 1;  // a client that does not stop takes its time
            talk.from_client(client_tags[(what >> 1) % std::size(client_tags)], by, how >> 2 & 3, times);
        } else {
            talk.from_server(server_tags[(what >> 1) % std::size(server_tags)], how);
            if (how == 0xfe) talk.c.on_fatal();
        }
    }
    return 0;
}
