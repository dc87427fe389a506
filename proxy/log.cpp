#include "proxy/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace proxy {

namespace {

spdlog::level::level_enum level_of(const config::log& settings) {
    return spdlog::level::from_str(settings.level == "error" ? "err" : settings.level);
}

}  // namespace

void start_log(const config::log& settings) {
    auto logger = std::make_shared<spdlog::logger>("lockkeeper", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    logger->set_level(level_of(settings));
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%f%z %^%l%$ %v");
    logger->flush_on(spdlog::level::info);
    spdlog::set_default_logger(std::move(logger));
}

void set_log_level(const config::log& settings) { spdlog::set_level(level_of(settings)); }

}  // namespace proxy
