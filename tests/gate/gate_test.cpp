#include "proxy/gate.hpp"

#include <gtest/gtest.h>

#include "support/gate_script.hpp"

namespace {

using protocol::buffer;
using support::gate_script;
using words = std::vector<std::string>;

buffer q(std::string_view sql) { return protocol::encode_query(sql); }
buffer p(std::string_view sql, std::string_view name = "") { return protocol::encode_parse(name, sql); }
buffer b(std::string_view statement = "", std::string_view portal = "") { return protocol::encode_bind(portal, statement, {}); }
buffer e(std::string_view portal = "") { return protocol::encode_execute(portal); }
buffer close_statement(std::string_view name) { return protocol::encode_close('S', name); }
const buffer s = protocol::encode_sync();
const buffer h = protocol::encode_flush();
const buffer copy_row{'d', 0, 0, 0, 6, '1', '\n'}, copy_done{'c', 0, 0, 0, 4}, copy_fail = protocol::encode_copy_fail("the client says no");

struct conversation_case {
    std::string name;
    std::vector<buffer> client;
    words answers;
    words executed;
    config::mode mode = config::mode::enforce;
    std::map<std::string, std::string> fail_once = {};
    std::chrono::seconds budget{0};  // of lock attempts; a nap takes one second
    int holders = 0;
    bool wait_each = false;
    bool serialize = false;
    int turns_of_others = 0;
    int crowds = 0;
};

std::ostream& operator<<(std::ostream& out, const conversation_case& c) { return out << c.name; }

// What every judged statement costs before it runs.
const words looked{"SHOW lock_timeout", "SHOW statement_timeout", "SELECT facts"};
const words looked_inside{"SAVEPOINT _lockkeeper", "SHOW lock_timeout", "SHOW statement_timeout", "SELECT facts",
                          "RELEASE SAVEPOINT _lockkeeper"};
const words armed{"SET lock_timeout = 500", "SET statement_timeout = 5000"};
const words armed_inside{"SAVEPOINT _lockkeeper", "SET LOCAL lock_timeout = 500", "SET LOCAL statement_timeout = 5000",
                         "RELEASE SAVEPOINT _lockkeeper"};
const words locks_tried_first{"SET lock_timeout = 20", "SET statement_timeout = 5000"};
words safely(const words& more);
const words restored{"SET lock_timeout = 0", "SET statement_timeout = 0"};
const words restored_inside{"SAVEPOINT _lockkeeper", "SET LOCAL lock_timeout = 0", "SET LOCAL statement_timeout = 0",
                            "RELEASE SAVEPOINT _lockkeeper"};

words operator+(words a, const words& more) {
    a.insert(a.end(), more.begin(), more.end());
    return a;
}

// In a transaction block, between a savepoint and its end.
words safely(const words& more) { return words{"SAVEPOINT _lockkeeper"} + more + words{"RELEASE SAVEPOINT _lockkeeper"}; }

const std::string refuse = "/*judge*/ REFUSE", blocking = "/*judge*/ BLOCKING", rewrite = "/*judge*/ REWRITE";
const std::string poison = "lockkeeper refused this statement: a-rule";

std::vector<conversation_case> cases() {
    using config::mode;
    return {
        {"what_is_not_judged_passes", {q("SELECT 1"), p("SELECT 2"), b(), e(), s},
         {"D:t", "C:SELECT", "Z:I", "1", "2", "D:t", "C:SELECT", "Z:I"}, {"SELECT 1", "SELECT 2"}},
        {"a_refused_query", {q(refuse), q("SELECT 1")}, {"E:LK001", "Z:I", "D:t", "C:SELECT", "Z:I"}, looked + words{poison, "SELECT 1"}},
        {"a_refused_query_in_a_transaction", {q("BEGIN"), q(refuse), q("SELECT 1"), q("ROLLBACK")},
         {"C:BEGIN", "Z:T", "E:LK001", "Z:E", "E:25P02", "Z:E", "C:ROLLBACK", "Z:I"},
         words{"BEGIN"} + looked_inside + words{poison, "SELECT 1", "ROLLBACK"}},
        {"a_refused_execute_skips_to_sync", {p(refuse), b(), e(), p("SELECT 1"), b(), e(), s, q("SELECT 2")},
         {"1", "2", "E:LK001", "Z:I", "D:t", "C:SELECT", "Z:I"}, looked + words{"SELECT 2"}},
        {"a_refused_execute_behind_others_in_the_pipeline", {p("SELECT 1"), b(), e(), p(refuse), b(), e(), p("SELECT 3"), b(), e(), s},
         {"1", "2", "D:t", "C:SELECT", "1", "2", "E:LK001", "Z:I"}, words{"SELECT 1"} + looked},
        {"a_prepared_statement_is_judged_each_time", {p(refuse, "x"), s, b("x"), e(), s, b("x"), e(), s, close_statement("x"), s},
         {"1", "Z:I", "2", "E:LK001", "Z:I", "2", "E:LK001", "Z:I", "3", "Z:I"}, looked + looked},
        {"an_overwritten_name_is_forgotten", {p(refuse), s, p("SELECT 1"), b(), e(), s}, {"1", "Z:I", "1", "2", "D:t", "C:SELECT", "Z:I"}, {"SELECT 1"}},
        {"observe_changes_nothing", {q(refuse), q(blocking)}, {"C:/*judge*/", "Z:I", "C:/*judge*/", "Z:I"},
         looked + words{refuse} + looked + words{blocking}, mode::observe},
        {"guard_warns_of_what_enforce_would_refuse", {q(refuse)}, {"N:01000", "C:/*judge*/", "Z:I"}, looked + words{refuse}, mode::guard},
        {"timeouts_are_put_around_a_query", {q(blocking), q("SELECT 1")}, {"C:/*judge*/", "Z:I", "D:t", "C:SELECT", "Z:I"},
         looked + armed + words{blocking} + restored + words{"SELECT 1"}},
        {"timeouts_are_restored_after_an_error", {q(blocking + " FAIL"), q("SELECT 1")}, {"E:22012", "Z:I", "D:t", "C:SELECT", "Z:I"},
         looked + armed + words{blocking + " FAIL"} + restored + words{"SELECT 1"}},
        {"timeouts_in_a_transaction_are_local", {q("BEGIN"), q(blocking), q("COMMIT")}, {"C:BEGIN", "Z:T", "C:/*judge*/", "Z:T", "C:COMMIT", "Z:I"},
         words{"BEGIN"} + looked_inside + armed_inside + words{blocking} + restored_inside + words{"COMMIT"}},
        {"an_error_in_a_transaction_takes_them_away_itself", {q("BEGIN"), q(blocking + " FAIL"), q("ROLLBACK")},
         {"C:BEGIN", "Z:T", "E:22012", "Z:E", "C:ROLLBACK", "Z:I"},
         words{"BEGIN"} + looked_inside + armed_inside + words{blocking + " FAIL", "ROLLBACK"}},
        {"timeouts_around_an_execute", {p(blocking), b(), e(), s, q("SELECT 1")}, {"1", "2", "C:/*judge*/", "Z:I", "D:t", "C:SELECT", "Z:I"},
         looked + armed + words{blocking} + restored + words{"SELECT 1"}},
        {"timeouts_around_an_execute_that_is_flushed", {p(blocking), b(), e(), h, p("SELECT 1"), b(), e(), s},
         {"1", "2", "C:/*judge*/", "1", "2", "D:t", "C:SELECT", "Z:I"}, looked + armed + words{blocking, "SELECT 1"} + restored},
        {"a_rewritten_query", {q(rewrite), q("SELECT 1")}, {"C:TEST", "Z:I", "D:t", "C:SELECT", "Z:I"}, looked + words{"STEP one", "SELECT 1"}},
        {"a_rewritten_execute", {p(rewrite), b(), e(), s}, {"1", "2", "C:TEST", "Z:I"}, looked + words{"STEP one"}},
        {"a_rewritten_query_that_fails_is_undone", {q(rewrite + " FAIL")}, {"E:22012", "Z:I"},
         looked + words{"STEP FAIL", "SELECT is it ours", "UNDO one"}},
        {"a_rewritten_execute_that_fails_skips_to_sync", {p(rewrite + " FAIL"), b(), e(), p("SELECT 1"), b(), e(), s, q("SELECT 2")},
         {"1", "2", "E:22012", "Z:I", "D:t", "C:SELECT", "Z:I"}, looked + words{"STEP FAIL", "SELECT is it ours", "UNDO one", "SELECT 2"}},
        {"a_rewrite_in_a_transaction_is_refused", {q("BEGIN"), q(rewrite), q("ROLLBACK")}, {"C:BEGIN", "Z:T", "E:LK001", "Z:E", "C:ROLLBACK", "Z:I"},
         words{"BEGIN"} + looked_inside + words{poison, "ROLLBACK"}},
        {"in_a_failed_transaction_the_server_answers", {q("BEGIN"), q("FAIL"), q(refuse), q("ROLLBACK")},
         {"C:BEGIN", "Z:T", "E:22012", "Z:E", "E:25P02", "Z:E", "C:ROLLBACK", "Z:I"}, {"BEGIN", "FAIL", refuse, "ROLLBACK"}},
        {"an_error_before_it_skips_a_judged_execute", {p("FAIL"), b(), e(), p(blocking), b(), e(), s, q("SELECT 1")},
         {"1", "2", "E:22012", "Z:I", "D:t", "C:SELECT", "Z:I"}, {"FAIL", "SELECT 1"}},
        {"a_bad_bind_skips_a_judged_query", {b("nobody"), q(refuse), s}, {"E:26000", "Z:I"}, {}},
        {"a_warning_comes_as_a_notice", {q("/*judge*/ WARN")}, {"N:01000", "C:/*judge*/", "Z:I"}, looked + words{"/*judge*/ WARN"}},
        {"a_cancel_that_hits_our_question_is_the_statements", {q(blocking)}, {"E:57014", "Z:I"},
         {"SHOW lock_timeout", "SHOW statement_timeout", "SELECT facts", "lockkeeper refused this statement: canceled"}, mode::enforce,
         {{"SELECT facts", "57014"}}},
        {"facts_that_cannot_be_had_close_the_gate", {q(blocking)}, {"E:LK004", "Z:I"},
         {"SHOW lock_timeout", "SHOW statement_timeout", "SELECT facts", "lockkeeper refused this statement: facts-unavailable"}, mode::enforce,
         {{"SELECT facts", "42501"}}},
        {"without_facts_guard_still_sets_timeouts", {q("BEGIN"), q(blocking), q("SELECT 1"), q("COMMIT")},
         {"C:BEGIN", "Z:T", "N:01000", "C:/*judge*/", "Z:T", "D:t", "C:SELECT", "Z:T", "C:COMMIT", "Z:I"},
         words{"BEGIN", "SAVEPOINT _lockkeeper", "SHOW lock_timeout", "SHOW statement_timeout", "SELECT facts",
               "ROLLBACK TO SAVEPOINT _lockkeeper", "RELEASE SAVEPOINT _lockkeeper"} +
             safely({"SHOW lock_timeout", "SHOW statement_timeout"}) + armed_inside + words{blocking} + restored_inside +
             words{"SELECT 1", "COMMIT"},
         mode::guard, {{"SELECT facts", "42501"}}},
        {"a_late_cancel_that_hits_the_restoring_is_overcome", {q(blocking), q("SELECT 1")}, {"C:/*judge*/", "Z:I", "D:t", "C:SELECT", "Z:I"},
         looked + armed + words{blocking, "SET lock_timeout = 0"} + restored + words{"SELECT 1"},
         mode::enforce, {{"SET lock_timeout = 0", "57014"}}},
        {"what_the_server_skips_is_not_waited_for", {p("FAIL"), b(), e(), h, p(blocking, "x"), b("x"), close_statement("x"), e(), s, q(blocking)},
         {"1", "2", "E:22012", "Z:I", "C:/*judge*/", "Z:I"}, words{"FAIL"} + looked + armed + words{blocking} + restored, mode::enforce, {},
         std::chrono::seconds(0), 0, true},
    };
}

// What the transaction has done before a statement.
std::vector<conversation_case> memory_cases() {
    using config::mode;
    const std::string locks = "/*judge*/ LOCKS", after_rows = "/*judge*/ AFTER ROWS";
    const words begun{"C:BEGIN", "Z:T"}, judged{"C:/*judge*/", "Z:T"}, touched{"C:TOUCH", "Z:T"}, over{"C:COMMIT", "Z:I"};
    const words locked = words{"BEGIN"} + looked_inside + words{locks};
    return {
        {"nothing_is_held_against_a_harmless_text", {q("BEGIN"), q("TOUCH HARD"), q("COMMIT")}, begun + touched + over, {"BEGIN", "TOUCH HARD", "COMMIT"}},
        {"a_harmless_text_is_judged_under_a_lock", {q("BEGIN"), q(locks), q("TOUCH"), q("COMMIT"), q("TOUCH")},
         begun + judged + words{"N:01000"} + touched + over + words{"C:TOUCH", "Z:I"}, locked + words{"TOUCH", "COMMIT", "TOUCH"}},
        {"it_may_be_refused", {q("BEGIN"), q(locks), q("TOUCH HARD"), q("ROLLBACK"), q("TOUCH HARD")},
         begun + judged + words{"E:LK001", "Z:E", "C:ROLLBACK", "Z:I", "C:TOUCH", "Z:I"}, locked + words{poison, "ROLLBACK", "TOUCH HARD"}},
        {"a_harmless_execute_is_judged_under_a_lock", {q("BEGIN"), q(locks), p("TOUCH"), b(), e(), s, q("COMMIT"), b(), e(), s},
         begun + judged + words{"1", "2", "N:01000"} + touched + over + words{"2", "C:TOUCH", "Z:I"}, locked + words{"TOUCH", "COMMIT", "TOUCH"}},
        {"it_may_be_refused_too", {q("BEGIN"), q(locks), p("TOUCH HARD"), b(), e(), p("SELECT 1"), s, q("ROLLBACK")},
         begun + judged + words{"1", "2", "E:LK001", "Z:E", "C:ROLLBACK", "Z:I"}, locked + words{"ROLLBACK"}},
        {"a_lock_that_is_rolled_back_is_forgotten", {q("BEGIN"), q("SAVEPOINT a"), q(locks), q("ROLLBACK TO a"), q("TOUCH HARD"), q("COMMIT")},
         begun + words{"C:SAVEPOINT", "Z:T"} + judged + words{"C:ROLLBACK", "Z:T"} + touched + over,
         words{"BEGIN", "SAVEPOINT a"} + looked_inside + words{locks, "ROLLBACK TO a", "TOUCH HARD", "COMMIT"}},
        {"so_is_one_whose_statement_failed", {q("BEGIN"), q("SAVEPOINT a"), q(locks + " FAIL"), q("ROLLBACK TO a"), q("TOUCH HARD"), q("COMMIT")},
         begun + words{"C:SAVEPOINT", "Z:T", "E:22012", "Z:E", "C:ROLLBACK", "Z:T"} + touched + over,
         words{"BEGIN", "SAVEPOINT a"} + looked_inside + words{locks + " FAIL", "ROLLBACK TO a", "TOUCH HARD", "COMMIT"}, mode::enforce, {},
         std::chrono::seconds(0), 0, true},
        {"an_earlier_lock_is_not", {q("BEGIN"), q(locks), q("SAVEPOINT a"), q("ROLLBACK TO a"), q("TOUCH"), q("COMMIT")},
         begun + judged + words{"C:SAVEPOINT", "Z:T", "C:ROLLBACK", "Z:T", "N:01000"} + touched + over,
         locked + words{"SAVEPOINT a", "ROLLBACK TO a", "TOUCH", "COMMIT"}},
        {"observe_says_nothing", {q("BEGIN"), q(locks), q("TOUCH HARD"), q("COMMIT")}, begun + judged + touched + over,
         locked + words{"TOUCH HARD", "COMMIT"}, mode::observe},
        {"rows_changed_unseen_are_remembered", {q("BEGIN"), q("UPDATE 2"), q(after_rows), q("COMMIT"), q("BEGIN"), q("UPDATE 0"), q(after_rows), q("COMMIT")},
         begun + words{"C:UPDATE 2", "Z:T", "N:01000"} + judged + over + begun + words{"C:UPDATE 0", "Z:T"} + judged + over,
         words{"BEGIN", "UPDATE 2"} + looked_inside + words{after_rows, "COMMIT", "BEGIN", "UPDATE 0"} + looked_inside + words{after_rows, "COMMIT"}},
    };
}

// How a strong lock is got.
std::vector<conversation_case> lock_cases() {
    using std::chrono::seconds;
    constexpr auto enforce = config::mode::enforce;
    const std::map<std::string, std::string> lost_once{{blocking, "55P03"}}, deadlock_once{{blocking, "40P01"}};
    const words again{"NAP", "LOOK", "SET lock_timeout = 40", blocking};
    return {
        {"the_lock_comes_at_once", {q(blocking)}, {"C:/*judge*/", "Z:I"},
         looked + words{"LOOK"} + locks_tried_first + words{blocking} + restored, enforce, {}, seconds(10)},
        {"nobody_queues_behind_an_old_holder", {q(blocking)}, {"C:/*judge*/", "Z:I"},
         looked + words{"LOOK"} + locks_tried_first + words{"NAP", "LOOK", "NAP", "LOOK"} + words{blocking} + restored, enforce, {}, seconds(10), 2},
        {"the_lock_is_tried_again", {q(blocking), q("SELECT 1")}, {"C:/*judge*/", "Z:I", "D:t", "C:SELECT", "Z:I"},
         looked + words{"LOOK"} + locks_tried_first + words{blocking} + again + restored + words{"SELECT 1"}, enforce, lost_once, seconds(10)},
        {"a_deadlock_is_tried_again", {q(blocking)}, {"C:/*judge*/", "Z:I"},
         looked + words{"LOOK"} + locks_tried_first + words{blocking} + again + restored, enforce, deadlock_once, seconds(10)},
        {"an_execute_is_tried_again", {p(blocking, "x"), b("x"), e(), s, q("SELECT 1")}, {"1", "2", "C:/*judge*/", "Z:I", "D:t", "C:SELECT", "Z:I"},
         looked + words{"LOOK"} + locks_tried_first + words{blocking} + again + restored + words{"SELECT 1"}, enforce, lost_once, seconds(10)},
        {"an_execute_fails_for_good", {p(blocking), b(), e(), p("SELECT 2"), b(), e(), s, q("SELECT 1")},
         {"1", "2", "E:55P03", "Z:I", "D:t", "C:SELECT", "Z:I"},
         looked + words{"LOOK"} + locks_tried_first + words{"NAP", "LOOK"} + words{blocking} + restored + words{"SELECT 1"}, enforce, lost_once, seconds(1), 9},
        {"a_pipeline_behind_it_goes_on", {p(blocking), b(), e(), p("SELECT 2"), b(), e(), s},
         {"1", "2", "C:/*judge*/", "1", "2", "D:t", "C:SELECT", "Z:I"},
         looked + words{"LOOK"} + locks_tried_first + words{blocking} + again + words{"SELECT 2"} + restored, enforce, lost_once, seconds(10)},
        {"it_is_tried_again_in_a_transaction", {q("BEGIN"), q(blocking), q("COMMIT")}, {"C:BEGIN", "Z:T", "C:/*judge*/", "Z:T", "C:COMMIT", "Z:I"},
         words{"BEGIN"} + looked_inside + safely({"LOOK", "SET LOCAL lock_timeout = 20", "SET LOCAL statement_timeout = 5000"}) +
             words{"SAVEPOINT _lockkeeper", blocking, "ROLLBACK TO SAVEPOINT _lockkeeper", "RELEASE SAVEPOINT _lockkeeper", "NAP"} +
             safely({"LOOK", "SET LOCAL lock_timeout = 40"}) + safely({blocking}) + restored_inside + words{"COMMIT"},
         enforce, lost_once, seconds(10)},
        {"the_second_lock_of_a_transaction_is_not_waited_for", {q("BEGIN"), q(blocking), q(blocking + " two"), q("ROLLBACK")},
         {"C:BEGIN", "Z:T", "C:/*judge*/", "Z:T", "E:55P03", "Z:E", "C:ROLLBACK", "Z:I"},
         words{"BEGIN"} + looked_inside + safely({"LOOK", "SET LOCAL lock_timeout = 20", "SET LOCAL statement_timeout = 5000"}) +
             safely({blocking}) + restored_inside + looked_inside + armed_inside + words{blocking + " two", "ROLLBACK"},
         enforce, {{blocking + " two", "55P03"}}, seconds(10)},
        {"the_budget_is_spent", {q(blocking), q("SELECT 1")}, {"E:55P03", "Z:I", "D:t", "C:SELECT", "Z:I"},
         looked + words{"LOOK"} + locks_tried_first + words{"NAP", "LOOK", "NAP", "LOOK"} + words{blocking} + restored + words{"SELECT 1"}, enforce, lost_once,
         seconds(2), 9},
        {"a_cancel_ends_the_waiting", {q(blocking), q("SELECT 1")}, {"E:57014", "Z:I", "D:t", "C:SELECT", "Z:I"},
         looked + words{"LOOK"} + locks_tried_first + words{"NAP", "lockkeeper refused this statement: canceled"} + restored + words{"SELECT 1"}, enforce, {{"NAP", "57014"}}, seconds(10), 9},
        {"it_gives_way_to_those_behind_it", {q(blocking), q("SELECT 1")}, {"C:/*judge*/", "Z:I", "D:t", "C:SELECT", "Z:I"},
         looked + words{"LOOK"} + locks_tried_first + words{blocking, "NAP"} + again + restored + words{"SELECT 1"}, enforce, {{blocking, "57014"}},
         seconds(10), 0, false, false, 0, 1},
        {"an_execute_gives_way", {p(blocking, "x"), b("x"), e(), s, q("SELECT 1")}, {"1", "2", "C:/*judge*/", "Z:I", "D:t", "C:SELECT", "Z:I"},
         looked + words{"LOOK"} + locks_tried_first + words{blocking, "NAP"} + again + restored + words{"SELECT 1"}, enforce, {{blocking, "57014"}},
         seconds(10), 0, false, false, 0, 1},
        {"it_gives_way_in_a_transaction", {q("BEGIN"), q(blocking), q("COMMIT")}, {"C:BEGIN", "Z:T", "C:/*judge*/", "Z:T", "C:COMMIT", "Z:I"},
         words{"BEGIN"} + looked_inside + safely({"LOOK", "SET LOCAL lock_timeout = 20", "SET LOCAL statement_timeout = 5000"}) +
             words{"SAVEPOINT _lockkeeper", blocking, "NAP", "ROLLBACK TO SAVEPOINT _lockkeeper", "RELEASE SAVEPOINT _lockkeeper", "NAP"} +
             safely({"LOOK", "SET LOCAL lock_timeout = 40"}) + safely({blocking}) + restored_inside + words{"COMMIT"},
         enforce, {{blocking, "57014"}}, seconds(10), 0, false, false, 0, 1},
        {"nothing_follows_before_a_cancel_that_comes_late_is_over", {q(blocking), q("SELECT 1")}, {"C:/*judge*/", "Z:I", "D:t", "C:SELECT", "Z:I"},
         looked + words{"LOOK"} + locks_tried_first + words{blocking, "NAP"} + restored + words{"SELECT 1"}, enforce, {}, seconds(10), 0, false, false,
         0, 1},
        {"with_the_budget_giving_way_ends_too", {q(blocking), q("SELECT 1")}, {"E:55P03", "Z:I", "D:t", "C:SELECT", "Z:I"},
         looked + words{"LOOK"} + locks_tried_first + words{"NAP", "LOOK", blocking, "NAP"} + restored + words{"SELECT 1"}, enforce, {{blocking, "57014"}},
         seconds(1), 9, false, false, 0, 1},
        {"the_clients_own_cancel_counts_first", {q(blocking), q("SELECT 1")}, {"E:57014", "Z:I", "D:t", "C:SELECT", "Z:I"},
         looked + words{"LOOK"} + locks_tried_first + words{blocking, "NAP"} + restored + words{"SELECT 1"}, enforce,
         {{blocking, "57014"}, {"NAP", "57014"}}, seconds(10), 0, false, false, 0, 1},
        {"another_error_is_the_answer", {q(blocking + " FAIL")}, {"E:22012", "Z:I"},
         looked + words{"LOOK"} + locks_tried_first + words{blocking + " FAIL"} + restored, enforce, {}, seconds(10)},
    };
}

// Nobody else had a lock on the relation when the catalog was asked.
std::vector<conversation_case> unlocked_cases() {
    using std::chrono::seconds;
    constexpr auto enforce = config::mode::enforce;
    const auto alone = blocking + " UNLOCKED", in_short = alone + " SHORT", in_vain = in_short + " IN VAIN";
    const words limits{"SET LOCAL lock_timeout = 20", "SET LOCAL statement_timeout = 5000"}, done{"C:/*judge*/", "Z:I"};
    const words then{"D:t", "C:SELECT", "Z:I"}, again{"NAP", "LOOK", "SET lock_timeout = 40", "SET statement_timeout = 5000"};
    const words begun{"C:BEGIN", "Z:T"}, changed{"C:/*judge*/", "Z:T"}, over{"C:COMMIT", "Z:I"};
    const words back{"SET LOCAL lock_timeout = 0", "SET LOCAL statement_timeout = 0"};
    const words undone{"ROLLBACK TO SAVEPOINT _lockkeeper", "RELEASE SAVEPOINT _lockkeeper"};
    const words tried_inside = words{"BEGIN"} + looked_inside + words{"SAVEPOINT _lockkeeper"} + limits + words{alone} + undone;
    const auto refused = "lockkeeper refused this statement: canceled";
    return {
        {"a_query_goes_with_its_timeouts", {q(alone), q("SELECT 1")}, done + then, looked + limits + words{alone, "SELECT 1"}, enforce, {}, seconds(10)},
        {"a_short_answer_does", {q(in_short)}, done, words{"SELECT in short"} + limits + words{in_short}, enforce, {}, seconds(10)},
        {"no_short_answer_does_not", {q(in_vain)}, done, words{"SELECT in vain"} + looked + limits + words{in_vain}, enforce, {}, seconds(10)},
        {"an_execute_is_not_looked_for", {p(alone), b(), e(), s}, {"1", "2", "C:/*judge*/", "Z:I"},
         looked + locks_tried_first + words{alone} + restored, enforce, {}, seconds(10)},
        {"in_a_transaction_they_are_set_back_behind_it", {q("BEGIN"), q(in_short), q("COMMIT")}, begun + changed + over,
         words{"BEGIN"} + safely({"SELECT in short"}) + safely(limits + words{in_short} + back) + words{"COMMIT"}, enforce, {}, seconds(10)},
        {"under_a_lock_that_is_there_it_goes_as_it_is", {q("BEGIN"), q(in_short), q(in_short), q("COMMIT")}, begun + changed + changed + over,
         words{"BEGIN"} + safely({"SELECT in short"}) + safely(limits + words{in_short} + back) + safely({"SELECT in short"}) + armed_inside +
             words{in_short} + restored_inside + words{"COMMIT"},
         enforce, {}, seconds(10)},
        {"its_text_is_nothing_to_bind_to", {q(alone + " FAIL"), b(), e(), s}, words{"E:22012", "Z:I", "E:26000", "Z:I"},
         looked + limits + words{alone + " FAIL"}, enforce, {}, seconds(10)},
        {"nor_is_it_in_a_transaction", {q("BEGIN"), q(alone + " FAIL"), q("ROLLBACK"), b(), e(), s},
         begun + words{"E:22012", "Z:E", "C:ROLLBACK", "Z:I", "E:26000", "Z:I"},
         words{"BEGIN"} + looked_inside + words{"SAVEPOINT _lockkeeper"} + limits + words{alone + " FAIL", "ROLLBACK"}, enforce, {}, seconds(10)},
        {"nor_when_it_has_run", {q(alone), b(), e(), s}, done + words{"E:26000", "Z:I"}, looked + limits + words{alone}, enforce, {}, seconds(10)},
        {"somebody_has_come_since_in_a_transaction", {q("BEGIN"), q(alone), q("COMMIT")}, begun + changed + over,
         tried_inside + words{"NAP"} + safely({"LOOK", "SET LOCAL lock_timeout = 40", limits[1]}) + safely({alone}) + restored_inside + words{"COMMIT"},
         enforce, {{alone, "55P03"}}, seconds(10)},
        {"it_gives_way_in_a_transaction_too", {q("BEGIN"), q(alone), q("COMMIT")}, begun + changed + over,
         words{"BEGIN"} + looked_inside + words{"SAVEPOINT _lockkeeper"} + limits + words{alone, "NAP"} + undone + words{"NAP"} +
             safely({"LOOK", "SET LOCAL lock_timeout = 40", limits[1]}) + safely({alone}) + restored_inside + words{"COMMIT"},
         enforce, {{alone, "57014"}}, seconds(10), 0, false, false, 0, 1},
        {"its_error_is_the_answer_in_a_transaction", {q("BEGIN"), q(alone + " FAIL"), q("ROLLBACK"), q("SELECT 1")},
         begun + words{"E:22012", "Z:E", "C:ROLLBACK", "Z:I"} + then,
         words{"BEGIN"} + looked_inside + words{"SAVEPOINT _lockkeeper"} + limits + words{alone + " FAIL", "ROLLBACK", "SELECT 1"}, enforce, {},
         seconds(10)},
        {"a_cancel_meets_its_timeouts_in_a_transaction", {q("BEGIN"), q(alone), q("ROLLBACK")}, begun + words{"E:57014", "Z:E", "C:ROLLBACK", "Z:I"},
         words{"BEGIN"} + looked_inside + words{"SAVEPOINT _lockkeeper", limits[0], "ROLLBACK"}, enforce, {{limits[0], "57014"}}, seconds(10)},
        {"a_cancel_meets_their_setting_back", {q("BEGIN"), q(alone), q("ROLLBACK")}, begun + words{"E:57014", "Z:E", "C:ROLLBACK", "Z:I"},
         words{"BEGIN"} + looked_inside + words{"SAVEPOINT _lockkeeper"} + limits + words{alone, back[0], "ROLLBACK"}, enforce, {{back[0], "57014"}},
         seconds(10)},
        {"somebody_has_come_since", {q(alone), q("SELECT 1")}, done + then, looked + limits + words{alone} + again + words{alone} + restored + words{"SELECT 1"},
         enforce, {{alone, "55P03"}}, seconds(10)},
        {"its_error_is_the_answer", {q(alone + " FAIL"), q("SELECT 1")}, words{"E:22012", "Z:I"} + then,
         looked + limits + words{alone + " FAIL", "SELECT 1"}, enforce, {}, seconds(10)},
        {"its_commit_fails", {q(alone), q("SELECT 1")}, words{"E:23503", "Z:I"} + then, looked + limits + words{alone, "SELECT 1"}, enforce,
         {{"COMMIT OF " + alone, "23503"}}, seconds(10)},
        {"a_cancel_meets_its_timeouts", {q(alone), q("SELECT 1")}, words{"E:57014", "Z:I"} + then, looked + words{limits[0], refused, "SELECT 1"},
         enforce, {{limits[0], "57014"}}, seconds(10)},
        {"without_its_timeouts_it_does_not_run", {q(alone), q("SELECT 1")}, words{"E:LK004", "Z:I"} + then,
         looked + words{limits[0], "lockkeeper refused this statement: facts-unavailable", "SELECT 1"}, enforce, {{limits[0], "53200"}}, seconds(10)},
        {"it_gives_way", {q(alone), q("SELECT 1")}, done + then, looked + limits + words{alone, "NAP"} + again + words{alone} + restored + words{"SELECT 1"},
         enforce, {{alone, "57014"}}, seconds(10), 0, false, false, 0, 1},
    };
}

// A COPY from the client that fails, or does not, and what was sent behind it meanwhile (manual, 55.2.6).
std::vector<conversation_case> copy_cases() {
    const std::string into = "COPY t FROM STDIN", barred = "COPY BARRED FROM STDIN";
    const words then{"D:t", "C:SELECT", "Z:I"};
    return {
        {"a_copy", {q(into), copy_row, copy_row, copy_done, q("SELECT 1")}, words{"G", "C:COPY", "Z:I"} + then, {into, "SELECT 1"}},
        {"a_copy_that_the_client_ends", {q(into), copy_row, copy_fail, q("SELECT 1")}, words{"G", "E:57014", "Z:I"} + then, {into, "SELECT 1"}},
        {"a_barred_copy", {q(barred), copy_row, copy_done, q("SELECT 1")}, words{"G", "E:P0001", "Z:I"} + then, {barred, "SELECT 1"}},
        {"a_copy_by_execute", {p(into), b(), e(), copy_row, copy_done, s, q("SELECT 1")}, words{"1", "2", "G", "C:COPY", "Z:I"} + then, {into, "SELECT 1"}},
        {"a_copy_in_a_pipeline", {p(into), b(), e(), s, copy_row, copy_done, s, q("SELECT 1")}, words{"1", "2", "G", "C:COPY", "Z:I"} + then, {into, "SELECT 1"}},
        {"a_barred_copy_by_execute", {p(barred), b(), e(), copy_row, copy_done, s, q("SELECT 1")}, words{"1", "2", "G", "E:P0001", "Z:I"} + then,
         {barred, "SELECT 1"}},
        {"a_barred_copy_in_a_pipeline", {p(barred), b(), e(), s, copy_row, copy_done, s, q("SELECT 1")}, words{"1", "2", "G", "E:P0001", "Z:I", "Z:I"} + then,
         {barred, "SELECT 1"}},
        {"a_query_behind_the_sync_of_a_barred_copy", {p(barred), b(), e(), s, q("SELECT 1"), copy_fail, s, q("SELECT 2")},
         words{"1", "2", "G", "E:P0001", "Z:I"} + then + words{"Z:I"} + then, {barred, "SELECT 1", "SELECT 2"}},
        {"a_judged_query_behind_the_sync_of_a_barred_copy", {p(barred), b(), e(), s, q(refuse), q("SELECT 2")},
         words{"1", "2", "G", "E:P0001", "Z:I", "E:LK001", "Z:I"} + then, words{barred} + looked + words{poison, "SELECT 2"}},
        {"a_judged_execute_behind_the_sync_of_a_barred_copy", {p(barred), b(), e(), s, p(refuse), b(), e(), s},
         {"1", "2", "G", "E:P0001", "Z:I", "1", "2", "E:LK001", "Z:I"}, words{barred} + looked},
        {"an_execute_alone_behind_the_sync_of_a_barred_copy",
         {q("BEGIN"), p(refuse, "x"), b("x", "p"), s, p(barred), b(), e(), s, e("p"), s, q("ROLLBACK")},
         {"C:BEGIN", "Z:T", "1", "2", "Z:T", "1", "2", "G", "E:P0001", "Z:E", "E:25P02", "Z:E", "C:ROLLBACK", "Z:I"},
         {"BEGIN", barred, refuse, "ROLLBACK"}},
        {"a_parse_behind_the_sync_of_a_barred_copy", {p(barred), b(), e(), s, p("SELECT 1"), b(), e(), s},
         words{"1", "2", "G", "E:P0001", "Z:I", "1", "2"} + then, {barred, "SELECT 1"}},
    };
}

// The steps of a plan get their locks like a statement of the client's.
std::vector<conversation_case> plan_cases() {
    using std::chrono::seconds;
    constexpr auto enforce = config::mode::enforce;
    const auto strongly = rewrite + " STRONGLY", in_vain = strongly + " IN VAIN";
    const words one = looked + words{"STEP one"};
    const words tried = words{"LOOK"} + locks_tried_first, ours{"SELECT is it ours"};
    const words undone_one = ours + words{"SET lock_timeout = 0", "SET statement_timeout = 0", "UNDO one"};
    return {
        {"a_strong_step", {q(strongly), q("SELECT 1")}, {"C:TEST", "Z:I", "D:t", "C:SELECT", "Z:I"},
         one + tried + words{"STEP two"} + restored + words{"SELECT 1"}, enforce, {}, seconds(10)},
        {"a_strong_step_without_a_budget", {q(strongly)}, {"C:TEST", "Z:I"}, one + armed + words{"STEP two"} + restored},
        {"a_strong_step_does_not_queue", {q(strongly)}, {"C:TEST", "Z:I"},
         one + tried + words{"NAP", "LOOK"} + words{"STEP two"} + restored, enforce, {}, seconds(10), 1},
        {"a_step_that_takes_long_is_told_of", {q(strongly)}, {"N:00000", "C:TEST", "Z:I"},
         one + tried + words{"NAP", "LOOK", "NAP", "LOOK", "NAP", "LOOK", "STEP two"} + restored, enforce, {}, seconds(10), 3},
        {"a_strong_step_is_tried_again", {p(strongly), b(), e(), s}, {"1", "2", "C:TEST", "Z:I"},
         one + tried + words{"STEP two", "NAP", "LOOK", "SET lock_timeout = 40", "STEP two"} + restored, enforce,
         {{"STEP two", "55P03"}}, seconds(10)},
        {"a_step_gives_way_to_those_behind_it", {q(strongly)}, {"N:00000", "C:TEST", "Z:I"},
         one + tried + words{"STEP two", "NAP", "NAP", "LOOK", "SET lock_timeout = 40", "STEP two"} + restored, enforce,
         {{"STEP two", "57014"}}, seconds(10), 0, false, false, 0, 1},
        {"a_step_whose_budget_is_spent_undoes_the_plan", {q(strongly)}, {"E:55P03", "Z:I"},
         one + tried + words{"NAP", "LOOK", "STEP two"} + ours + words{"LOOK", "UNDO two"} + undone_one, enforce,
         {{"STEP two", "55P03"}}, seconds(1), 2},
        {"an_undo_gets_its_lock_in_attempts", {q(in_vain)}, {"E:22012", "Z:I"},
         one + tried + words{"STEP two", "SET lock_timeout = 500", "STEP FAIL"} + ours +
             words{"LOOK", "SET lock_timeout = 20", "UNDO two", "NAP", "LOOK", "SET lock_timeout = 40", "UNDO two"} + undone_one,
         enforce, {{"UNDO two", "55P03"}}, seconds(10)},
        {"a_cancel_while_a_step_waits_undoes_the_plan", {q(strongly), q("SELECT 1")}, {"E:57014", "Z:I", "D:t", "C:SELECT", "Z:I"},
         one + tried + words{"NAP"} + ours + words{"LOOK", "UNDO two"} + undone_one + words{"SELECT 1"}, enforce, {{"NAP", "57014"}},
         seconds(10), 1},
    };
}

// locks.serialize
std::vector<conversation_case> serialized_cases() {
    using std::chrono::seconds;
    constexpr auto enforce = config::mode::enforce;
    const std::string schema = "/*judge*/ SCHEMA";
    const words turn{"TURN", "WHOSE TURN"}, over{"END OF TURN"}, again_inside = safely(turn) + looked_inside;
    return {
        {"it_is_judged_anew_when_it_is_its_turn", {q(schema), q("SELECT 1")}, {"C:/*judge*/", "Z:I", "D:t", "C:SELECT", "Z:I"},
         looked + turn + looked + words{schema} + over + words{"SELECT 1"}, enforce, {}, {}, 0, false, true},
        {"the_turn_is_waited_for", {q(schema)}, {"C:/*judge*/", "Z:I"},
         looked + turn + words{"NAP"} + turn + words{"NAP"} + turn + looked + words{schema} + over, enforce, {}, seconds(10), 0, false, true, 2},
        {"not_for_longer_than_the_budget", {q(schema), q("SELECT 1")}, {"E:55P03", "Z:I", "D:t", "C:SELECT", "Z:I"},
         looked + turn + words{"NAP"} + turn + words{"lockkeeper refused this statement: serialize", "SELECT 1"}, enforce, {}, seconds(1), 0,
         false, true, 9},
        {"a_cancel_ends_the_wait_for_the_turn", {q(schema), q("SELECT 1")}, {"E:57014", "Z:I", "D:t", "C:SELECT", "Z:I"},
         looked + turn + words{"NAP", "lockkeeper refused this statement: serialize", "SELECT 1"}, enforce, {{"NAP", "57014"}}, seconds(10), 0,
         false, true, 9},
        {"what_failed_half_way_is_given_back", {q(schema), q("SELECT 1")}, {"E:22012", "Z:I", "D:t", "C:SELECT", "Z:I"},
         looked + turn + words{"lockkeeper refused this statement: serialize"} + over + words{"SELECT 1"}, enforce, {{"WHOSE TURN", "22012"}},
         seconds(10), 0, false, true},
        {"the_turn_ends_with_the_transaction", {q("BEGIN"), q(schema), q(schema + " two"), q("COMMIT"), q("SELECT 1")},
         {"C:BEGIN", "Z:T", "C:/*judge*/", "Z:T", "C:/*judge*/", "Z:T", "C:COMMIT", "Z:I", "D:t", "C:SELECT", "Z:I"},
         words{"BEGIN"} + looked_inside + again_inside + words{schema} + looked_inside + words{schema + " two", "COMMIT"} + over +
             words{"SELECT 1"},
         enforce, {}, {}, 0, false, true},
        {"and_with_its_failure", {q("BEGIN"), q(schema + " FAIL"), q("SELECT 1"), q("ROLLBACK")},
         {"C:BEGIN", "Z:T", "E:22012", "Z:E", "E:25P02", "Z:E", "C:ROLLBACK", "Z:I"},
         words{"BEGIN"} + looked_inside + again_inside + words{schema + " FAIL", "SELECT 1", "ROLLBACK"} + over, enforce, {}, {}, 0, false, true},
        {"a_turn_by_the_extended_protocol", {p(schema), b(), e(), s}, {"1", "2", "C:/*judge*/", "Z:I"},
         looked + turn + looked + words{schema} + over, enforce, {}, {}, 0, false, true},
        {"a_pipeline_does_not_wait_for_its_turn", {p("SELECT 1"), b(), e(), p(schema), b(), e(), s, q("SELECT 2")},
         {"1", "2", "D:t", "C:SELECT", "1", "2", "E:55P03", "Z:I", "D:t", "C:SELECT", "Z:I"},
         words{"SELECT 1"} + looked + turn + words{"SELECT 2"}, enforce, {}, seconds(10), 0, false, true, 9},
        {"a_plan_has_its_turn", {q(rewrite + " SCHEMA")}, {"C:TEST", "Z:I"}, looked + turn + looked + words{"STEP one"} + over, enforce, {}, {}, 0,
         false, true},
        {"what_changes_nothing_has_none", {q("/*judge*/ WARN")}, {"N:01000", "C:/*judge*/", "Z:I"}, looked + words{"/*judge*/ WARN"}, enforce,
         {}, {}, 0, false, true},
        {"what_is_refused_has_none", {q(refuse + " SCHEMA")}, {"E:LK001", "Z:I"}, looked + words{poison}, enforce, {}, {}, 0, false, true},
        {"observe_waits_for_no_turn", {q(schema)}, {"C:/*judge*/", "Z:I"}, looked + words{schema}, config::mode::observe, {}, {}, 0, false, true},
    };
}

struct conversations : testing::TestWithParam<conversation_case> {
    gate_script script(std::size_t piece) const {
        gate_script g(GetParam().mode);
        g.piece = piece;
        g.server.fail_once = GetParam().fail_once;
        g.server.holders = GetParam().holders;
        g.settings().locks.budget = GetParam().budget;
        g.wait_each = GetParam().wait_each;
        g.settings().locks.serialize = GetParam().serialize;
        g.server.turns_of_others = GetParam().turns_of_others;
        g.crowds = GetParam().crowds;
        return g;
    }
};

TEST_P(conversations, as_they_come) {
    auto g = script(0);
    EXPECT_EQ(g.run(GetParam().client), GetParam().answers);
    EXPECT_EQ(g.server.executed, GetParam().executed);
    EXPECT_FALSE(g.gate_closed());
    EXPECT_EQ(g.gate().phase(), protocol::phase::ready);
    EXPECT_EQ(g.server.setting("lock_timeout"), "0");
    EXPECT_EQ(g.server.setting("statement_timeout"), "0");
    const auto audited = [&](std::string_view event) {
        return std::count_if(g.audit.begin(), g.audit.end(), [&](const auto& r) { return r.event == event; });
    };
    EXPECT_EQ(audited("outcome"), audited("decision"));
}

// Both streams in pieces of every size up to one that holds the longest message: the same in every respect.
TEST_P(conversations, split_at_every_byte) {
    for (std::size_t piece = 1; piece <= 80; ++piece) {
        auto g = script(piece);
        ASSERT_EQ(g.run(GetParam().client), GetParam().answers) << "pieces of " << piece;
        ASSERT_EQ(g.server.executed, GetParam().executed) << "pieces of " << piece;
        ASSERT_EQ(g.gate().phase(), protocol::phase::ready) << "pieces of " << piece;
    }
}

// The server takes its time, and anybody is the next to go on: the same in every respect.
TEST_P(conversations, in_any_order) {
    for (unsigned seed = 0; seed < 40; ++seed) {
        auto g = script(0);
        g.chance.emplace(seed);
        ASSERT_EQ(g.run(GetParam().client), GetParam().answers) << "seed " << seed;
        ASSERT_EQ(g.server.executed, GetParam().executed) << "seed " << seed;
        ASSERT_EQ(g.gate().phase(), protocol::phase::ready) << "seed " << seed;
    }
}

// The client or the server goes after every step: what the client got until then is the beginning of the whole, and
// nothing is left behind (the sanitizers look).
TEST_P(conversations, cut_at_every_step) {
    for (const std::size_t piece : {std::size_t{0}, std::size_t{1}, std::size_t{7}}) {
        auto whole = script(piece);
        whole.run(GetParam().client);
        for (std::size_t cut = 1; cut < whole.pieces(); ++cut) {
            auto g = script(piece);
            g.cut = cut;
            auto got = g.run(GetParam().client);
            if (!got.empty() && got.back() == "rest") got.pop_back();
            ASSERT_LE(got.size(), GetParam().answers.size());
            ASSERT_TRUE(std::equal(got.begin(), got.end(), GetParam().answers.begin())) << "cut after " << cut;
            const auto audited = [&](std::string_view event) {
                return std::count_if(g.audit.begin(), g.audit.end(), [&](const auto& r) { return r.event == event; });
            };
            EXPECT_EQ(audited("outcome"), audited("decision")) << "cut after " << cut;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(gate, conversations, testing::ValuesIn(cases()), [](const auto& c) { return c.param.name; });
INSTANTIATE_TEST_SUITE_P(memory, conversations, testing::ValuesIn(memory_cases()), [](const auto& c) { return c.param.name; });
INSTANTIATE_TEST_SUITE_P(plans, conversations, testing::ValuesIn(plan_cases()), [](const auto& c) { return c.param.name; });
INSTANTIATE_TEST_SUITE_P(serialized, conversations, testing::ValuesIn(serialized_cases()), [](const auto& c) { return c.param.name; });
INSTANTIATE_TEST_SUITE_P(unlocked, conversations, testing::ValuesIn(unlocked_cases()), [](const auto& c) { return c.param.name; });
INSTANTIATE_TEST_SUITE_P(copies, conversations, testing::ValuesIn(copy_cases()), [](const auto& c) { return c.param.name; });
INSTANTIATE_TEST_SUITE_P(locks, conversations, testing::ValuesIn(lock_cases()), [](const auto& c) { return c.param.name; });

}  // namespace
