#include <random>

#include "session.hpp"

// Conversations that nobody has thought of, with a real server: messages in any order, errors among them, replies read now or
// later. The ledger must stay in step and be quiet when, and only when, the server has no more to say.

namespace {

using live::session;

class talk {
public:
    explicit talk(unsigned seed) : random_(seed) {}

    void run(int messages) {
        while (messages-- > 0) {
            one();
            if (pick(4) == 0) read_what_is_there();
            if (testing::Test::HasFatalFailure()) return;
        }
        // The end of the data, if a COPY awaits any, and then of whatever was begun.
        send("> c");
        send("> S");
        send("> Q rollback");
        while (!s_.conversation.owed().quiet()) ASSERT_NO_FATAL_FAILURE(read());
        s_.expect_quiet();
    }

    std::string said;

private:
    std::size_t pick(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }

    void one() {
        static constexpr const char* lines[] = {
            "> Q select 1", "> Q select 1; oops", "> Q", "> Q begin", "> Q commit", "> Q select 1; select 1/0; select 2",
            "> Q copy (values (1)) to stdout", "> F 2026", "> F 0", "> S", "> S", "> S", "> H", "> H", "> c", "> f no", "> d 1\\n",
            "> P /select 1", "> P /oops", "> P /values (1), (2), (3)", "> P /insert into deferred values (1), (1)", "> P n/select 2",
            "> P /copy (values (1)) to stdout", "> B /n", "> B p/n", "> B /none", "> D S/", "> D S/n", "> D P/p",
            "> E p/0", "> C S/n", "> C S/k", "> C P/p", "> C S/none"};
        // The data of a COPY, good and bad, with the Sync of some clients where those have it: right behind the Execute.
        static constexpr const char* copies[][6] = {
            {"> Q copy t from stdin", "> d 1\\n", "> c"},
            {"> Q copy t from stdin; copy t from stdin", "> d 1\\n", "> c", "> d 100\\n", "> c"},
            {"> Q copy t from stdin", "> d 100\\n", "> d 1\\n", "> c"},
            {"> Q copy missing from stdin", "> d 1\\n", "> f no"},
            {"> P k/copy t from stdin", "> B k/k", "> E k/0", "> d 1\\n", "> c", "> S"},
            {"> P k/copy t from stdin", "> B k/k", "> E k/0", "> S", "> d 1\\n", "> c"},
            {"> P k/copy t from stdin", "> B k/k", "> E k/0", "> S", "> d 100\\n", "> f no"},
            {"> P k/copy missing from stdin", "> B k/k", "> E k/0", "> S", "> d 1\\n", "> c"}};
        // Behind their Bind only: the unnamed portal of a Query that failed in a transaction block is left, and PostgreSQL 15.20
        // crashes when it is executed.
        static constexpr const char* executions[][3] = {{"> B /", "> D P/", "> E /0"}, {"> B /", "> E /1", "> E /1"}, {"> B /n", "> E /0"}};
        if (pick(4) == 0) return all_of(executions[pick(std::size(executions))]);
        if (pick(8) != 0) return send(lines[pick(std::size(lines))]);
        const auto& copy = copies[pick(std::size(copies))];
        all_of(copy);
        if (std::string_view(copy[3] == nullptr ? "" : copy[3]) == "> S") send("> S");
    }

    template <std::size_t N>
    void all_of(const char* const (&some)[N]) {
        for (const char* const line : some)
            if (line != nullptr) send(line);
    }

    // What the server would end the session for is not said.
    void send(std::string line) {
        line += " | -";
        const auto step = script::parse_line(line);
        if (!s_.conversation.on_frontend(step.tag)) return;
        said += step.tag;
        s_.wire.send(script::encode(step));
    }

    void read() {
        const auto m = s_.read();
        ASSERT_TRUE(m) << "the server has closed the connection";
        said += std::string(" <") + m->tag + ' ';
        ASSERT_TRUE(s_.conversation.owed().in_step());
        ASSERT_FALSE(m->fatal()) << protocol::as_text(m->body);
    }

    void read_what_is_there() {
        while (s_.wire.readable()) ASSERT_NO_FATAL_FAILURE(read());
    }

    std::mt19937 random_;
    session s_;
};

TEST(random_conversations, stay_in_step) {
    session().ask(live::setting);
    for (unsigned seed = 1; seed <= 200; ++seed) {
        talk t(seed);
        t.run(40);
        if (HasFailure()) FAIL() << "seed " << seed << ": " << t.said;
    }
}

}  // namespace
