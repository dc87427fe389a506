#pragma once

#include "startups.hpp"

namespace script {

// COPY: manual 55.2.6. Table t takes integers below 100; table barred has a trigger that fails before any row is read.
inline constexpr conversation copies[] = {
    {"copy_in", source::server, R"(
        > Q#1 copy t from stdin | in_reply I 1
        < G             | copy_in I 1  | Q#1
        > d 1\n2\n      | copy_in I 1
        > d 3\n         | copy_in I 1
        > c             | copy_in I 2
        < C             | in_reply I 1 | Q#1
        < Z I           | ready I 0    | Q#1.
    )"},
    {"copy_in_sent_blindly", source::server, R"(
        > Q copy t from stdin | in_reply I 1
        > d 1\n         | in_reply I 1
        > c             | in_reply I 2
        > Q select 1    | in_reply I 3
        < G             | copy_in I 3  | Q
        < C             | in_reply I 2 | Q
        < Z I           | in_reply I 1 | Q.
        < T             | in_reply I 1 | Q
        < D             | in_reply I 1 | Q
        < C             | in_reply I 1 | Q
        < Z I           | ready I 0    | Q.
    )"},
    {"copy_in_that_the_client_fails", source::server, R"(
        > Q copy t from stdin | in_reply I 1
        < G             | copy_in I 1  | Q
        > d 1\n         | copy_in I 1
        > f enough      | copy_in I 2
        < E             | in_reply I 1 | Q
        < Z I           | ready I 0    | Q.
    )"},
    {"copy_in_fails_and_more_data_come", source::server, R"(
        > Q copy t from stdin | in_reply I 1
        < G             | copy_in I 1  | Q
        > d 100\n       | copy_in I 1
        < E             | in_reply I 1 | Q
        > d 1\n         | in_reply I 1
        < Z I           | ready I 0    | Q.
        > d 2\n         | ready I 0
        > c             | ready I 0
        > Q select 1    | in_reply I 1
        < T             | in_reply I 1 | Q
        < D             | in_reply I 1 | Q
        < C             | in_reply I 1 | Q
        < Z I           | ready I 0    | Q.
    )"},
    {"copy_in_fails_when_all_is_sent", source::server, R"(
        > Q copy t from stdin | in_reply I 1
        < G             | copy_in I 1  | Q
        > d 100\n       | copy_in I 1
        > d 1\n         | copy_in I 1
        > c             | copy_in I 2
        > Q#1 select 1  | copy_in I 3
        < E             | in_reply I 2 | Q
        < Z I           | in_reply I 1 | Q.
        < T             | in_reply I 1 | Q#1
        < D             | in_reply I 1 | Q#1
        < C             | in_reply I 1 | Q#1
        < Z I           | ready I 0    | Q#1.
    )"},
    {"copy_in_that_never_begins", source::server, R"(
        > Q copy missing from stdin | in_reply I 1
        > d 1\n         | in_reply I 1
        > c             | in_reply I 2
        > Q copy t from stdin | in_reply I 3
        > d 1\n         | in_reply I 3
        > c             | in_reply I 4
        < E             | in_reply I 4 | Q
        < Z I           | in_reply I 2 | Q.
        < G             | copy_in I 2  | Q
        < C             | in_reply I 1 | Q
        < Z I           | ready I 0    | Q.
    )"},
    {"only_copy_data_and_sync_pass_while_data_are_awaited", source::server, R"(
        > Q copy t from stdin | in_reply I 1
        < G             | copy_in I 1  | Q
        > Q select 1    | copy_in I 1  | refused
        > P /select 1   | copy_in I 1  | refused
        > F 2026        | copy_in I 1  | refused
        > p             | copy_in I 1  | refused
        > H             | copy_in I 1
        > S             | copy_in I 2
        > H             | copy_in I 2
        > Q select 1    | copy_in I 2  | refused
        > c             | copy_in I 3
        > Q select 1    | copy_in I 4
        < C             | in_reply I 2 | Q
        < Z I           | in_reply I 1 | Q.
        < T             | in_reply I 1 | Q
        < D             | in_reply I 1 | Q
        < C             | in_reply I 1 | Q
        < Z I           | ready I 0    | Q.
    )"},
    {"copy_in_within_other_statements", source::server, R"(
        > Q select 1; copy t from stdin; select 2 | in_reply I 1
        < T             | in_reply I 1 | Q
        < D             | in_reply I 1 | Q
        < C             | in_reply I 1 | Q
        < G             | copy_in I 1  | Q
        > d 1\n         | copy_in I 1
        > c             | copy_in I 2
        < C             | in_reply I 1 | Q
        < T             | in_reply I 1 | Q
        < D             | in_reply I 1 | Q
        < C             | in_reply I 1 | Q
        < Z I           | ready I 0    | Q.
    )"},
    {"several_copies_in_one_query", source::server, R"(
        > Q copy t from stdin; copy t to stdout; copy t from stdin | in_reply I 1
        > d 1\n         | in_reply I 1
        > c             | in_reply I 2
        > d 2\n         | in_reply I 2
        > c             | in_reply I 3
        < G             | copy_in I 3  | Q
        < C             | in_reply I 2 | Q
        < H             | copy_out I 2 | Q
        < d             | copy_out I 2 | Q
        < c             | copy_out I 2 | Q
        < C             | in_reply I 2 | Q
        < G             | copy_in I 2  | Q
        < C             | in_reply I 1 | Q
        < Z I           | ready I 0    | Q.
    )"},
    {"the_first_of_several_copies_fails", source::server, R"(
        > Q copy t from stdin; copy t from stdin | in_reply I 1
        > d 100\n       | in_reply I 1
        > c             | in_reply I 2
        > d 2\n         | in_reply I 2
        > c             | in_reply I 3
        > Q#2 copy t from stdin | in_reply I 4
        > d 3\n         | in_reply I 4
        > c             | in_reply I 5
        < G             | copy_in I 5  | Q
        < E             | in_reply I 4 | Q
        < Z I           | in_reply I 2 | Q.
        < G             | copy_in I 2  | Q#2
        < C             | in_reply I 1 | Q#2
        < Z I           | ready I 0    | Q#2.
    )"},
    {"copy_out", source::server, R"(
        > Q copy (values (1), (2)) to stdout | in_reply I 1
        < H             | copy_out I 1 | Q
        < d             | copy_out I 1 | Q
        < d             | copy_out I 1 | Q
        < c             | copy_out I 1 | Q
        < C             | in_reply I 1 | Q
        < Z I           | ready I 0    | Q.
    )"},
    {"copy_out_fails_between_two_rows", source::server, R"(
        > Q copy (select 1/(2-i) from generate_series(1, 3) i) to stdout | in_reply I 1
        < H             | copy_out I 1 | Q
        < d             | copy_out I 1 | Q
        < E             | in_reply I 1 | Q
        < Z I           | ready I 0    | Q.
    )"},
    {"copy_out_in_the_extended_protocol", source::server, R"(
        > P /copy (values (1)) to stdout | in_reply I 1
        > B /           | in_reply I 2
        > E#1 /0        | in_reply I 3
        > S             | in_reply I 4
        < 1             | in_reply I 3 | P.
        < 2             | in_reply I 2 | B.
        < H             | copy_out I 2 | E#1
        < d             | copy_out I 2 | E#1
        < c             | copy_out I 2 | E#1
        < C             | in_reply I 1 | E#1.
        < Z I           | ready I 0    | S.
    )"},
    {"copy_both", source::tags, R"(
        > Q START_REPLICATION 0/0 | in_reply I 1
        < W             | copy_both I 1 | Q
        < d             | copy_both I 1 | Q
        > d status      | copy_both I 1
        < d             | copy_both I 1 | Q
        > c             | copy_both I 2
        < c             | copy_both I 2 | Q
        < C             | in_reply I 2 | Q
        < Z I           | ready I 0    | Q.
    )"},
    {"copy_in_in_the_extended_protocol", source::server, R"(
        > P /copy t from stdin | in_reply I 1
        > B /           | in_reply I 2
        > E#1 /0        | in_reply I 3
        > d 1\n         | in_reply I 3
        > c             | in_reply I 4
        > S             | in_reply I 5
        < 1             | in_reply I 4 | P.
        < 2             | in_reply I 3 | B.
        < G             | copy_in I 3  | E#1
        < C             | in_reply I 1 | E#1.
        < Z I           | ready I 0    | S.
    )"},
    {"a_sync_in_the_midst_of_the_data_is_not_answered", source::server, R"(
        > P /copy t from stdin | in_reply I 1
        > B /           | in_reply I 2
        > E#1 /0        | in_reply I 3
        > S             | in_reply I 4
        < 1             | in_reply I 3 | P.
        < 2             | in_reply I 2 | B.
        < G             | copy_in I 2  | E#1
        > d 1\n         | copy_in I 2
        > H             | copy_in I 2
        > S             | copy_in I 3
        > c             | copy_in I 4
        > H             | copy_in I 4
        < C             | in_reply I 0 | E#1.
        > S             | in_reply I 1
        < Z I           | ready I 0    | S.
    )"},
    {"copy_in_fails_in_the_extended_protocol", source::server, R"(
        > P /copy t from stdin | in_reply I 1
        > B /           | in_reply I 2
        > E#1 /0        | in_reply I 3
        > d 100\n       | in_reply I 3
        > d 1\n         | in_reply I 3
        > c             | in_reply I 4
        > E#2 /0        | in_reply I 5
        > S             | in_reply I 6
        > Q select 1    | in_reply I 7
        < 1             | in_reply I 6 | P.
        < 2             | in_reply I 5 | B.
        < G             | copy_in I 5  | E#1
        < E             | in_reply I 2 | E#1. -1
        < Z I           | in_reply I 1 | S.
        < T             | in_reply I 1 | Q
        < D             | in_reply I 1 | Q
        < C             | in_reply I 1 | Q
        < Z I           | ready I 0    | Q.
    )"},
    {"copy_in_fails_before_the_end_of_its_data_is_sent", source::server, R"(
        > P /copy t from stdin | in_reply I 1
        > B /           | in_reply I 2
        > E#1 /0        | in_reply I 3
        > d 100\n       | in_reply I 3
        < 1             | in_reply I 2 | P.
        < 2             | in_reply I 1 | B.
        < G             | copy_in I 1  | E#1
        < E             | skipping I 0 | E#1.
        > d 1\n         | skipping I 0
        > c             | skipping I 0
        > Q select 1    | skipping I 0
        > S             | in_reply I 1
        < Z I           | ready I 0    | S.
    )"},
    {"copy_in_never_begins_in_the_extended_protocol", source::server, R"(
        > P /copy missing from stdin | in_reply I 1
        > B /           | in_reply I 2
        > E#1 /0        | in_reply I 3
        > S             | in_reply I 4
        > d 1\n         | in_reply I 4
        > c             | in_reply I 5
        > S             | in_reply I 6
        < 1             | in_reply I 5 | P.
        < 2             | in_reply I 4 | B.
        < E             | in_reply I 3 | E#1.
        < Z I           | in_reply I 1 | S.
        < Z I           | ready I 0    | S.
    )"},
    {"copy_in_fails_after_its_sync_was_read", source::server, R"(
        > P /copy t from stdin | in_reply I 1
        > B /           | in_reply I 2
        > E#1 /0        | in_reply I 3
        > S             | in_reply I 4
        > d 100\n       | in_reply I 4
        < 1             | in_reply I 3 | P.
        < 2             | in_reply I 2 | B.
        < G             | copy_in I 2  | E#1
        < E             | skipping I 0 | E#1.
        > d 1\n         | skipping I 0
        > Q select 1    | skipping I 0 | refused
        > P /select 1   | skipping I 0 | refused
        > c             | skipping I 0
        > S             | in_reply I 1
        < Z I           | ready I 0    | S.
        > Q select 1    | in_reply I 1
        < T             | in_reply I 1 | Q
        < D             | in_reply I 1 | Q
        < C             | in_reply I 1 | Q
        < Z I           | ready I 0    | Q.
    )"},
    {"copy_in_fails_before_its_sync_is_read", source::server, R"(
        > P /copy barred from stdin | in_reply I 1
        > B /           | in_reply I 2
        > E#1 /0        | in_reply I 3
        > S             | in_reply I 4
        > d 1\n         | in_reply I 4
        > c             | in_reply I 5
        > S             | in_reply I 6
        < 1             | in_reply I 5 | P.
        < 2             | in_reply I 4 | B.
        < G             | copy_in I 4  | E#1
        < E             | in_reply I 1 | E#1.
        < Z I           | ready I 0    | S.
        < Z I           | ready I 0    | S.
        > Q select 1    | in_reply I 1
        < T             | in_reply I 1 | Q
        < D             | in_reply I 1 | Q
        < C             | in_reply I 1 | Q
        < Z I           | ready I 0    | Q.
    )"},
    {"copy_in_fails_before_its_sync_is_read_and_no_other_is_sent", source::server, R"(
        > P /copy barred from stdin | in_reply I 1
        > B /           | in_reply I 2
        > E#1 /0        | in_reply I 3
        > S             | in_reply I 4
        < 1             | in_reply I 3 | P.
        < 2             | in_reply I 2 | B.
        < G             | copy_in I 2  | E#1
        < E             | skipping I 0 | E#1.
        > Q select 1    | skipping I 0 | refused
        < Z I           | ready I 0    | S.
        > Q select 1    | in_reply I 1
        < T             | in_reply I 1 | Q
        < D             | in_reply I 1 | Q
        < C             | in_reply I 1 | Q
        < Z I           | ready I 0    | Q.
    )"},
    {"a_loose_ready_comes_before_the_reply_to_a_query", source::server, R"(
        > Q copy barred from stdin | in_reply I 1
        > S             | in_reply I 2
        > c             | in_reply I 3
        > Q#1 select 1  | in_reply I 4
        < G             | copy_in I 4  | Q
        < E             | in_reply I 2 | Q
        < Z I           | in_reply I 1 | Q.
        < Z I           | in_reply I 1 | S.
        < T             | in_reply I 1 | Q#1
        < D             | in_reply I 1 | Q#1
        < C             | in_reply I 1 | Q#1
        < Z I           | ready I 0    | Q#1.
    )"},
    {"a_copy_in_that_fails_at_once_holds_up_nothing_behind_it", source::server, R"(
        > P /copy barred from stdin | in_reply I 1
        > B /           | in_reply I 2
        > E /0          | in_reply I 3
        > S             | in_reply I 4
        > P /select 1   | in_reply I 5
        > S             | in_reply I 6
        < 1             | in_reply I 5 | P.
        < 2             | in_reply I 4 | B.
        < G             | copy_in I 4  | E
        > Q select 1    | copy_in I 5
        < E             | in_reply I 4 | E.
        < Z I           | in_reply I 3 | S.
        < 1             | in_reply I 2 | P.
        < Z I           | in_reply I 1 | S.
        < T             | in_reply I 1 | Q
        < D             | in_reply I 1 | Q
        < C             | in_reply I 1 | Q
        < Z I           | ready I 0    | Q.
    )"},
    {"copy_in_and_pipelined_messages_without_data", source::server, R"(
        > P /copy barred from stdin | in_reply I 1
        > B /           | in_reply I 2
        > E /0          | in_reply I 3
        > S             | in_reply I 4
        > P /select 1   | in_reply I 5
        > S             | in_reply I 6
        < 1             | in_reply I 5 | P.
        < 2             | in_reply I 4 | B.
        < G             | copy_in I 4  | E
        < E             | in_reply I 3 | E.
        < Z I           | in_reply I 2 | S.
        < 1             | in_reply I 1 | P.
        < Z I           | ready I 0    | S.
    )"},
};

}  // namespace script
