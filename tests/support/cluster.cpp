#include "support/cluster.hpp"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace support {
namespace {

namespace fs = std::filesystem;

// The newest PostgreSQL that Debian's packages put here, or the one that LOCKKEEPER_PG_BIN names.
fs::path binaries() {
    if (const char* named = std::getenv("LOCKKEEPER_PG_BIN")) return named;
    fs::path newest;
    int version = 0;
    for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql")) {
        const int found = std::atoi(entry.path().filename().c_str());
        if (found > version && fs::exists(entry.path() / "bin/initdb")) {
            version = found;
            newest = entry.path() / "bin";
        }
    }
    if (newest.empty()) throw std::runtime_error("no PostgreSQL server found");
    return newest;
}

void shell(const std::string& command) {
    const std::string as_user = geteuid() == 0 ? "runuser -u postgres -- " : "";
    // Binaries that bring their libraries with them: for the server only, not for this program.
    const char* libraries = std::getenv("LOCKKEEPER_PG_LIB");
    const std::string with = libraries ? "env LD_LIBRARY_PATH=" + std::string(libraries) + " " : "";
    if (std::system((as_user + with + command).c_str()) != 0) throw std::runtime_error("failed: " + command);
}

}  // namespace

cluster::cluster(const std::string& settings) {
    const char* place = std::getenv("LOCKKEEPER_DATA");
    std::string name = ((place ? fs::path(place) : fs::temp_directory_path()) / "lockkeeper-live-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no temporary directory");
    directory_ = name;
    if (geteuid() == 0) {
        if (std::system(("chown postgres " + name).c_str()) != 0) throw std::runtime_error("chown failed");
    }
    fs::permissions(directory_, fs::perms::others_exec | fs::perms::group_exec, fs::perm_options::add);
    const auto bin = binaries().string();
    shell(bin + "/initdb -D " + name + "/data -U postgres -A trust -E UTF8 --locale=C.UTF-8 -N > /dev/null");
    std::ofstream(directory_ / "data/postgresql.conf", std::ios::app) << settings;
    shell(bin + "/pg_ctl -D " + name + "/data -w -l " + name + "/log -o \"-c fsync=off -c listen_addresses='' -k " + name +
          "\" start > /dev/null");
}

cluster::~cluster() {
    try {
        shell(binaries().string() + "/pg_ctl -D " + directory_.string() + "/data -m immediate stop > /dev/null");
        fs::remove_all(directory_);
    } catch (const std::exception&) {
        // What is left lies in the temporary directory; the tests have had their answers.
    }
}

}  // namespace support
