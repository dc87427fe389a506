#pragma once

#include "startups.hpp"

namespace script {

// Simple queries, function calls, messages that answer nothing, and the end: manual 55.2.2, 55.2.5, 55.2.7 and 55.2.9.
inline constexpr conversation queries[] = {
    {"simple_query", source::server, R"(
        > Q#7 select 1  | in_reply I 1
        < T             | in_reply I 1 | Q#7
        < D             | in_reply I 1 | Q#7
        < C             | in_reply I 1 | Q#7
        < Z I           | ready I 0    | Q#7.
    )"},
    {"empty_query", source::server, R"(
        > Q             | in_reply I 1
        < I             | in_reply I 1 | Q
        < Z I           | ready I 0    | Q.
    )"},
    {"several_statements_in_one_query", source::server, R"(
        > Q select 1; ; create table u (); select 2 | in_reply I 1
        < T             | in_reply I 1 | Q
        < D             | in_reply I 1 | Q
        < C             | in_reply I 1 | Q
        < C             | in_reply I 1 | Q
        < T             | in_reply I 1 | Q
        < D             | in_reply I 1 | Q
        < C             | in_reply I 1 | Q
        < Z I           | ready I 0    | Q.
    )"},
    {"an_error_ends_the_query_it_is_in_and_no_other", source::server, R"(
        > Q#1 select 1; select 1/i from generate_series(0, 1) i; select 2 | in_reply I 1
        > Q#2 select 3  | in_reply I 2
        < T             | in_reply I 2 | Q#1
        < D             | in_reply I 2 | Q#1
        < C             | in_reply I 2 | Q#1
        < T             | in_reply I 2 | Q#1
        < E             | in_reply I 2 | Q#1
        < Z I           | in_reply I 1 | Q#1.
        < T             | in_reply I 1 | Q#2
        < D             | in_reply I 1 | Q#2
        < C             | in_reply I 1 | Q#2
        < Z I           | ready I 0    | Q#2.
    )"},
    {"the_status_of_a_transaction", source::server, R"(
        > Q begin       | in_reply I 1
        < C             | in_reply I 1 | Q
        < Z T           | ready T 0    | Q.
        > Q oops        | in_reply T 1
        < E             | in_reply T 1 | Q
        < Z E           | ready E 0    | Q.
        > Q select 1    | in_reply E 1
        < E             | in_reply E 1 | Q
        < Z E           | ready E 0    | Q.
        > Q rollback    | in_reply E 1
        < C             | in_reply E 1 | Q
        < Z I           | ready I 0    | Q.
    )"},
    {"function_call", source::server, R"(
        > F#3 2026      | in_reply I 1
        < V             | in_reply I 1 | F#3
        < Z I           | ready I 0    | F#3.
    )"},
    {"function_call_of_no_function", source::server, R"(
        > F#3 0         | in_reply I 1
        > F#4 2026      | in_reply I 2
        < E             | in_reply I 2 | F#3
        < Z I           | in_reply I 1 | F#3.
        < V             | in_reply I 1 | F#4
        < Z I           | ready I 0    | F#4.
    )"},
    {"a_notice_within_a_query", source::server, R"(
        > Q do $$begin raise notice 'hear'; end$$; select 1 | in_reply I 1
        < N             | in_reply I 1 | async
        < C             | in_reply I 1 | Q
        < T             | in_reply I 1 | Q
        < D             | in_reply I 1 | Q
        < C             | in_reply I 1 | Q
        < Z I           | ready I 0    | Q.
    )"},
    {"a_notification_comes_between_the_last_reply_and_ready", source::server, R"(
        > Q listen here | in_reply I 1
        < C             | in_reply I 1 | Q
        < Z I           | ready I 0    | Q.
        > Q notify here | in_reply I 1
        < C             | in_reply I 1 | Q
        < A             | in_reply I 1 | async
        < Z I           | ready I 0    | Q.
    )"},
    {"a_parameter_changes_at_the_end_of_its_query", source::server, R"(
        > Q set standard_conforming_strings = off | in_reply I 1
        < C             | in_reply I 1 | Q
        < S             | in_reply I 1 | async
        < Z I           | ready I 0    | Q.
        > P /set standard_conforming_strings = on | in_reply I 1
        > B /           | in_reply I 2
        > E /0          | in_reply I 3
        > S             | in_reply I 4
        < 1             | in_reply I 3 | P.
        < 2             | in_reply I 2 | B.
        < C             | in_reply I 1 | E.
        < S             | in_reply I 1 | async
        < Z I           | ready I 0    | S.
    )"},
    {"messages_that_answer_nothing_come_at_any_time", source::tags, R"(
        < N             | ready I 0    | async
        < A             | ready I 0    | async
        < S             | ready I 0    | async
        > P /x          | in_reply I 1
        < N             | in_reply I 1 | async
        > B /           | in_reply I 2
        < 1             | in_reply I 1 | P.
        < A             | in_reply I 1 | async
        < S             | in_reply I 1 | async
        < 2             | in_reply I 0 | B.
        < N             | in_reply I 0 | async
        > S             | in_reply I 1
        < A             | in_reply I 1 | async
        < Z I           | ready I 0    | S.
    )"},
    {"fatal_when_idle", source::server, R"(
        > Q set idle_session_timeout = 20 | in_reply I 1
        < C             | in_reply I 1 | Q
        < Z I           | ready I 0    | Q.
        < E FATAL       | closed I 0   | async
    )"},
    {"fatal_in_reply", source::server, R"(
        > Q#5 select pg_terminate_backend(pg_backend_pid()), pg_sleep(9) | in_reply I 1
        < T             | in_reply I 1 | Q#5
        < E FATAL       | closed I 1   | Q#5
    )"},
    {"fatal_in_a_pipeline", source::server, R"(
        > P /select pg_terminate_backend(pg_backend_pid()), pg_sleep(9) | in_reply I 1
        > B /           | in_reply I 2
        > E#5 /0        | in_reply I 3
        > E#6 /0        | in_reply I 4
        > S             | in_reply I 5
        < 1             | in_reply I 4 | P.
        < 2             | in_reply I 3 | B.
        < E FATAL       | closed I 1   | E#5. -1
    )"},
    {"terminate", source::server, R"(
        > X             | closed I 0
    )"},
    {"replies_still_come_after_terminate", source::server, R"(
        > Q select 1    | in_reply I 1
        > X             | closed I 1
        < T             | closed I 1   | Q
        < D             | closed I 1   | Q
        < C             | closed I 1   | Q
        < Z I           | closed I 0   | Q.
    )"},
    {"a_tag_that_the_server_does_not_know_is_fatal", source::server, R"(
        > ~             | ready I 0
        < E FATAL       | closed I 0   | async
    )"},
    {"a_tag_that_nobody_knows_is_out_of_step", source::tags, R"(
        > Q select 1    | in_reply I 1
        < ~             | in_reply I 1 | unexpected
        < C             | in_reply I 1 | Q
        < Z I           | ready I 0    | Q.
    )"},
    {"a_reply_to_nothing_is_out_of_step", source::tags, R"(
        < 1             | ready I 0    | unexpected
        < Z I           | ready I 0    | unexpected
        < T             | ready I 0    | unexpected
    )"},
    {"a_reply_to_another_message_is_out_of_step", source::tags, R"(
        > P /x          | in_reply I 1
        < 2             | in_reply I 1 | unexpected
        < V             | in_reply I 1 | unexpected
        < 1             | in_reply I 0 | P.
        < 1             | in_reply I 0 | unexpected
    )"},
};

}  // namespace script
