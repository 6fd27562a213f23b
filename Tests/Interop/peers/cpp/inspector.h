// Whether messages came compressed, which gRPC C++ shows to classes of these names alone.
#pragma once

#include <cstdint>

#include <grpcpp/grpcpp.h>

uint32_t grpc_call_test_only_get_message_flags(grpc_call* call);

namespace grpc::testing {

// GRPC_WRITE_INTERNAL_COMPRESS, and what stands in its place once the message is inflated.
constexpr uint32_t kCompressed = 0x80000000u | 0x40000000u;

class InteropServerContextInspector {
   public:
    static bool last_was_compressed(const grpc::ServerContext& context) {
        return grpc_call_test_only_get_message_flags(context.call_.call) & kCompressed;
    }
};

class InteropClientContextInspector {
   public:
    static bool last_was_compressed(const grpc::ClientContext& context) {
        return grpc_call_test_only_get_message_flags(context.call_) & kCompressed;
    }
};

}  // namespace grpc::testing
