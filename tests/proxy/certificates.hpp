#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include <gtest/gtest.h>

// A self-signed certificate and its key in files that go with the object.
class certificate_files {
public:
    explicit certificate_files(const std::string& name) {
        directory_ = std::filesystem::path(testing::TempDir()) / ("certificate-" + std::to_string(::getpid()) + "-" + name);
        std::filesystem::create_directories(directory_);
        const std::unique_ptr<EVP_PKEY, decltype(&::EVP_PKEY_free)> key(::EVP_EC_gen("P-256"), &::EVP_PKEY_free);
        const std::unique_ptr<X509, decltype(&::X509_free)> made(::X509_new(), &::X509_free);
        ::ASN1_INTEGER_set(::X509_get_serialNumber(made.get()), 1);
        ::X509_gmtime_adj(::X509_getm_notBefore(made.get()), -60);
        ::X509_gmtime_adj(::X509_getm_notAfter(made.get()), 3600);
        ::X509_set_pubkey(made.get(), key.get());
        X509_NAME* const subject = ::X509_get_subject_name(made.get());
        ::X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(name.data()),
                                     static_cast<int>(name.size()), -1, 0);
        ::X509_set_issuer_name(made.get(), subject);
        ::X509_sign(made.get(), key.get(), ::EVP_sha256());
        write(certificate(), [&](std::FILE* f) { return ::PEM_write_X509(f, made.get()); });
        write(this->key(), [&](std::FILE* f) { return ::PEM_write_PrivateKey(f, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
    }
    ~certificate_files() { std::filesystem::remove_all(directory_); }
    certificate_files(const certificate_files&) = delete;
    certificate_files& operator=(const certificate_files&) = delete;

    std::string certificate() const { return directory_ / "certificate.pem"; }
    std::string key() const { return directory_ / "key.pem"; }

private:
    template <class Write>
    static void write(const std::string& path, Write how) {
        std::FILE* const file = std::fopen(path.c_str(), "wb");
        ASSERT_NE(file, nullptr);
        EXPECT_EQ(how(file), 1);
        std::fclose(file);
    }

    std::filesystem::path directory_;
};
