#pragma once

#include <memory>
#include <string_view>

#include "policy/encoding.hpp"

namespace policy {

// What a session's state means for the reading of a text. The server reports both settings by ParameterStatus.
struct lexing {
    bool standard_conforming_strings = true;             // off: a backslash in '...' escapes
    wide_characters characters = wide_characters::none;  // client_encoding
    // Either may change before the server reads the text: a statement that could do it is not answered yet.
    bool in_doubt = false;
    // Statements are prepared that are judged when they run; EXECUTE is one way to run them.
    bool runs_prepared = false;
};

// The cheap first look at a Query or Parse body (design section 4). False only where no statement of the
// text can be one that policy has to judge: DDL, DEALLOCATE and DISCARD (they end prepared statements that
// we remember), LOCK, DO, CALL, UPDATE or DELETE without a WHERE of their own, and so on. Sees through comments,
// parentheses, WITH, EXPLAIN, several statements, dollar quotes. Allocates only for encodings with wide characters; never
// says false on doubt.
bool may_need_judging(std::string_view sql, lexing how);

// The text begins with SAVEPOINT, RELEASE, ROLLBACK or ABORT: prepared under a name it may later run where it counts.
bool moves_savepoints(std::string_view sql, const lexing& how) noexcept;

// The same as the first look for a text that comes in pieces, cut anywhere, and is never held whole: what is kept from piece to piece is at
// most the beginning of one token. A name, a number or a $tag$ longer than that is a doubt.
class long_look {
public:
    explicit long_look(lexing how);
    ~long_look();
    long_look(long_look&&) noexcept;
    long_look& operator=(long_look&&) noexcept;

    // The next piece; `last` ends the text. Once it is true there is no need to go on.
    bool may_need_judging(std::string_view piece, bool last);

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace policy
