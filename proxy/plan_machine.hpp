#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "policy/plan.hpp"
#include "protocol/backend.hpp"

namespace proxy {

// How one statement of a plan ended.
struct step_outcome {
    bool ok = false;
    std::string sqlstate;        // where it failed
    std::optional<bool> answer;  // the boolean that a guard query returned
    std::vector<std::string> statements;  // the rows of a query for statements
    std::vector<std::optional<std::string>> row;  // the first one, of a part
};

// What the shell does next for a plan.
struct run_step {
    std::string sql;
    std::vector<std::string> and_then;  // in the same transaction
    policy::timeout_class timeouts = policy::timeout_class::none;
    policy::step_place place = policy::step_place::own;
    bool guard = false;          // one of our questions: the outcome's `answer`, or its `statements`, are read
    bool undo = false;           // it takes something back: no cancel stops it
    bool part = false;           // of a step that is done in parts: $1 is for the shell to choose, `position` follows it
    bool again = false;          // ... and not the first one
    std::vector<std::optional<std::string>> position{};
    std::size_t step = 0;        // index of the step that it belongs to
};
struct plan_ended {
    std::optional<std::size_t> failed;  // index of the step that failed; nullopt: all done
    bool undone = true;                 // what had been started was taken back, as far as there was anything
    std::uint64_t rows = 0;             // changed by parts; those stay changed
};

// What came of a plan: where it failed, the error of the step.
struct plan_result {
    plan_ended ended;
    std::optional<protocol::error_fields> error;
};

// What a part says of itself in the first value of its row; 0 where it says nothing.
std::uint64_t rows_changed(const std::vector<std::optional<std::string>>& row) noexcept;

using plan_action = std::variant<run_step, plan_ended>;

// Runs a plan: decides what comes next; does nothing itself. Each step runs unless its result is there already. The first
// failure ends the plan: every step that was started is undone, newest first, each only after its guard said that there is
// something of ours to undo; what was there before stays. An undo that fails is tried again, at most undo_attempts times; then the rest is still undone.
class plan_machine {
public:
    explicit plan_machine(policy::plan p) : plan_(std::move(p)) {}

    plan_action start();
    plan_action on_outcome(const step_outcome& last);
    // The client has canceled between two steps: what was done is undone, what was not begun is not.
    plan_action on_cancel();

    const policy::plan& plan() const noexcept { return plan_; }

    static constexpr int undo_attempts = 3;

private:
    enum class phase {
        checking, listing, running,  // is the result there; which statements make it; those
        asking, undoing,             // what is there to undo; that
    };

    plan_action enter();             // the step at at_: its guard, or itself
    plan_action advance();
    plan_action fail();
    plan_action unwind();
    plan_action itself();
    plan_action next_statement();  // of `statements_`, then what comes after the step
    plan_action ask_undo();
    bool was_done() const;         // the step whose undo is in hand, and another undo is for that
    run_step question(const std::string& sql) const;
    plan_action part_done(const step_outcome& last);

    policy::plan plan_;
    phase phase_ = phase::running;
    std::size_t at_ = 0;             // the step in hand
    std::vector<std::size_t> started_;  // and not undone yet; those whose result was there are not ours to undo
    std::deque<std::string> statements_;  // of the step, or undo, in hand: not sent yet
    std::size_t cursor_ = 0;         // the step whose undo is in hand
    int undo_left_ = 0;
    bool undone_ = true;
    std::optional<std::size_t> failed_;
    bool between_parts_ = false;
    std::uint64_t rows_ = 0;
};

}  // namespace proxy
