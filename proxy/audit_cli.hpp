#pragma once

#include <CLI/CLI.hpp>

#include "proxy/audit_commands.hpp"

namespace proxy {

// `lockkeeper audit verify|tail|stats`.
class audit_cli {
public:
    explicit audit_cli(CLI::App& app);

    bool wanted() const { return audit_->parsed(); }
    int run();  // the exit status

private:
    void add_filter(CLI::App& command, audit_filter& filter);

    CLI::App* audit_;
    CLI::App *verify_, *tail_, *stats_;
    verify_options verify_options_;
    tail_options tail_options_;
    stats_options stats_options_;
    std::string since_;
};

}  // namespace proxy
