#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>

#include "policy/plan.hpp"

namespace proxy {

// How one statement of a plan ended.
struct step_outcome {
    bool ok = false;
    std::string sqlstate;        // where it failed
    std::optional<bool> answer;  // the boolean that a guard query returned
};

// What the shell does next for a plan.
struct run_step {
    std::string sql;
    policy::timeout_class timeouts = policy::timeout_class::none;
    policy::step_place place = policy::step_place::own;
    bool guard = false;          // one of our questions: the outcome's `answer` is read
};
struct plan_ended {
    std::optional<std::size_t> failed;  // index of the step that failed; nullopt: all done
    bool undone = true;                 // what had been started was taken back, as far as there was anything
};
using plan_action = std::variant<run_step, plan_ended>;

// Runs a plan: decides what comes next; does nothing itself. Each step runs unless its result is there already. The first
// failure ends the plan: every step that was started is undone, newest first, each only after its guard said that there is
// something of ours to undo. An undo that fails is tried again, at most undo_attempts times; then the rest is still undone.
class plan_machine {
public:
    explicit plan_machine(policy::plan p) : plan_(std::move(p)) {}

    plan_action start();
    plan_action on_outcome(const step_outcome& last);

    const policy::plan& plan() const noexcept { return plan_; }

    static constexpr int undo_attempts = 3;

private:
    enum class phase { checking, running, asking, undoing };

    plan_action enter();             // the step at at_: its guard, or itself
    plan_action advance();
    plan_action unwind();
    run_step question(const std::string& sql) const;

    policy::plan plan_;
    phase phase_ = phase::running;
    std::size_t at_ = 0;             // the step in hand
    std::size_t cursor_ = 0;         // undo runs from here down to 0
    int undo_left_ = 0;
    bool undone_ = true;
    std::optional<std::size_t> failed_;
};

}  // namespace proxy
