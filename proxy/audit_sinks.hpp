#pragma once

#include <string>
#include <string_view>

namespace proxy {

// Where the audit log goes besides its file. put() takes what is written off the front of `rest` (whole lines) and returns 0, or
// the errno that has stopped it: the rest is to be put again later.

class audit_stdout {
public:
    int put(std::string_view& rest);
};

// A syslog daemon at a Unix datagram socket, in the form that syslog(3) of the C library sends, which every daemon reads at
// /dev/log: facility authpriv, severity info. A record that is too long for a datagram is cut. Of one thread.
class audit_syslog {
public:
    explicit audit_syslog(std::string path) : path_(std::move(path)) {}
    ~audit_syslog();
    audit_syslog(const audit_syslog&) = delete;
    audit_syslog& operator=(const audit_syslog&) = delete;

    int put(std::string_view& rest);

private:
    int connect();
    int send(std::string message);

    std::string path_;
    int socket_ = -1;
};

}  // namespace proxy
