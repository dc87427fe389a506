#include "policy/parse_nodes.hpp"

namespace policy::nodes {
namespace {

// protobuf-c describes its messages to the program, so one walk serves every kind of node.
class walk {
public:
    explicit walk(const std::function<void(const PgQuery__Node&)>& look) noexcept : look_(look) {}

    void into(const ProtobufCMessage* message) {
        if (!message || depth_ == deepest) return;
        ++depth_;
        if (message->descriptor == &pg_query__node__descriptor) look_(*reinterpret_cast<const PgQuery__Node*>(message));
        for (unsigned i = 0; i < message->descriptor->n_fields; ++i) field(message, message->descriptor->fields[i]);
        --depth_;
    }

private:
    // The parser itself stops at about this depth (max_stack_depth of libpg_query).
    static constexpr int deepest = 20000;

    template <class T>
    static const T& at(const ProtobufCMessage* message, unsigned offset) noexcept {
        return *reinterpret_cast<const T*>(reinterpret_cast<const char*>(message) + offset);
    }

    void field(const ProtobufCMessage* message, const ProtobufCFieldDescriptor& f) {
        if (f.type != PROTOBUF_C_TYPE_MESSAGE) return;
        if (f.label == PROTOBUF_C_LABEL_REPEATED) {
            const auto count = at<std::size_t>(message, f.quantifier_offset);
            auto* const* messages = at<ProtobufCMessage* const*>(message, f.offset);
            for (std::size_t i = 0; i < count; ++i) into(messages[i]);
        } else if (!(f.flags & PROTOBUF_C_FIELD_FLAG_ONEOF) || at<std::uint32_t>(message, f.quantifier_offset) == f.id) {
            into(at<ProtobufCMessage*>(message, f.offset));
        }
    }

    const std::function<void(const PgQuery__Node&)>& look_;
    int depth_ = 0;
};

}  // namespace

void visit(const ProtobufCMessage* message, const std::function<void(const PgQuery__Node&)>& look) {
    walk(look).into(message);
}

}  // namespace policy::nodes
