#pragma once

#include <string>

#include "corpus.hpp"
#include "outcome.hpp"
#include "policy/live/server.hpp"

namespace claims {

// Copies of the fixture's database, one after the other, for one thread.
class laboratory {
public:
    explicit laboratory(int number);
    ~laboratory();

    // What policy says that the entry will do, asked of a fresh copy; then what the server did.
    struct result {
        outcome predicted, measured;
    };
    result examine(const entry& e);

private:
    void fresh();
    void prepare(const entry& e);
    void clear(const entry& e);
    void drop();
    std::string fill(std::string sql) const;
    outcome inside(const entry& e, outcome& predicted);
    outcome outside(const entry& e, bool held);

    int number_, serial_ = 0;
    std::string database_;
    bool used_ = true;
};

void make_template(const corpus& c);
int server_version();

}  // namespace claims
