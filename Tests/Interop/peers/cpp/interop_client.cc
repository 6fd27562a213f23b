// The interop cases on gRPC C++, against servers of ours. Prints "ok NAME" or "FAIL NAME: why" for each
// case; exits with 1 if one fails.
//
//     interop_client --server_port=N --test_case=NAME[,NAME...]|all [--server_host=H]
//         [--use_tls --ca_file=F --server_host_override=NAME] [--soak_iterations=N]
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <google/protobuf/descriptor.pb.h>
#include <grpcpp/grpcpp.h>

#include "grpc/health/v1/health.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "grpc/testing/test.grpc.pb.h"
#include "inspector.h"

using grpc::ClientContext;
using grpc::Status;
using grpc::StatusCode;
using grpc::WriteOptions;
using grpc::testing::Empty;

namespace {

namespace pb = grpc::testing;
namespace reflection = grpc::reflection::v1alpha;
using Inspector = grpc::testing::InteropClientContextInspector;
using Health = grpc::health::v1::Health;
using State = grpc::health::v1::HealthCheckResponse;

std::map<std::string, std::string> options;
const std::vector<std::pair<int, int>> pings{{31415, 27182}, {9, 8}, {2653, 1828}, {58979, 45904}};

void require(bool holds, const std::string& message) {
    if (!holds) throw std::runtime_error(message);
}

template <typename Value>
void require_equal(const Value& found, const Value& due, const std::string& what) {
    std::ostringstream message;
    message << what << ": " << found << " instead of " << due;
    require(found == due, message.str());
}

void expect(StatusCode code, const Status& status) {
    require(status.error_code() == code,
            "status " + std::to_string(status.error_code()) + " (" + status.error_message() + ") instead of " +
                std::to_string(code));
}

std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::shared_ptr<grpc::Channel> connect() {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, 16 << 10);
    auto credentials = grpc::InsecureChannelCredentials();
    if (options.count("use_tls")) {
        grpc::SslCredentialsOptions tls;
        tls.pem_root_certs = contents(options["ca_file"]);
        credentials = grpc::SslCredentials(tls);
        if (options.count("server_host_override")) arguments.SetSslTargetNameOverride(options["server_host_override"]);
    }
    return grpc::CreateCustomChannel(options["server_host"] + ":" + options["server_port"], credentials, arguments);
}

/// The context of a call that ends within a minute.
struct Context : ClientContext {
    Context() { set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60)); }
};

pb::SimpleRequest large() {
    pb::SimpleRequest request;
    request.set_response_size(314159);
    request.mutable_payload()->set_body(std::string(271828, '\0'));
    return request;
}

pb::StreamingOutputCallRequest asking(const std::vector<int>& sizes, int size = -1) {
    pb::StreamingOutputCallRequest request;
    for (int each : sizes) request.add_response_parameters()->set_size(each);
    if (size >= 0) request.mutable_payload()->set_body(std::string(size, '\0'));
    return request;
}

class Cases {
   public:
    std::shared_ptr<grpc::Channel> channel = connect();
    std::unique_ptr<pb::TestService::Stub> service = pb::TestService::NewStub(channel);

    // Messages.

    void empty_unary() {
        Context context;
        Empty reply;
        expect(StatusCode::OK, service->EmptyCall(&context, {}, &reply));
        require_equal<size_t>(reply.ByteSizeLong(), 0, "bytes of the reply");
    }

    void large_unary(pb::TestService::Stub& stub) {
        Context context;
        pb::SimpleResponse reply;
        expect(StatusCode::OK, stub.UnaryCall(&context, large(), &reply));
        require_equal(reply.payload().body() == std::string(314159, '\0'), true, "the payload is whole");
    }
    void large_unary() { large_unary(*service); }

    void client_streaming() {
        Context context;
        pb::StreamingInputCallResponse reply;
        auto stream = service->StreamingInputCall(&context, &reply);
        for (int size : {27182, 8, 1828, 45904}) {
            pb::StreamingInputCallRequest request;
            request.mutable_payload()->set_body(std::string(size, '\0'));
            require(stream->Write(request), "a request cannot be written");
        }
        stream->WritesDone();
        expect(StatusCode::OK, stream->Finish());
        require_equal(reply.aggregated_payload_size(), 74922, "the sum");
    }

    void server_streaming() {
        Context context;
        const std::vector<int> sizes{31415, 9, 2653, 58979};
        auto stream = service->StreamingOutputCall(&context, asking(sizes));
        std::vector<int> received;
        for (pb::StreamingOutputCallResponse reply; stream->Read(&reply);) received.push_back(reply.payload().body().size());
        expect(StatusCode::OK, stream->Finish());
        require(received == sizes, "other sizes");
    }

    void ping_pong() {
        Context context;
        auto stream = service->FullDuplexCall(&context);
        pb::StreamingOutputCallResponse reply;
        for (auto [due, size] : pings) {
            require(stream->Write(asking({due}, size)), "a request cannot be written");
            require(stream->Read(&reply), "no reply");
            require_equal<int>(reply.payload().body().size(), due, "the size");
        }
        stream->WritesDone();
        require(!stream->Read(&reply), "a reply to nothing");
        expect(StatusCode::OK, stream->Finish());
    }

    void empty_stream() {
        Context context;
        auto stream = service->FullDuplexCall(&context);
        stream->WritesDone();
        pb::StreamingOutputCallResponse reply;
        require(!stream->Read(&reply), "a reply to nothing");
        expect(StatusCode::OK, stream->Finish());
    }

    void half_duplex() {
        Context context;
        auto stream = service->HalfDuplexCall(&context);
        for (auto [due, size] : pings) require(stream->Write(asking({due}, size)), "a request cannot be written");
        stream->WritesDone();
        pb::StreamingOutputCallResponse reply;
        for (auto [due, size] : pings) {
            require(stream->Read(&reply), "no reply");
            require_equal<int>(reply.payload().body().size(), due, "the size");
        }
        require(!stream->Read(&reply), "a reply to nothing");
        expect(StatusCode::OK, stream->Finish());
    }

    // Metadata.

    void echo(const std::string& header, const std::string& trailer) {
        Context unary, streaming;
        for (ClientContext* context : {static_cast<ClientContext*>(&unary), static_cast<ClientContext*>(&streaming)}) {
            context->AddMetadata("x-grpc-test-echo-initial", header);
            context->AddMetadata("x-grpc-test-echo-trailing-bin", trailer);
        }
        pb::SimpleResponse reply;
        expect(StatusCode::OK, service->UnaryCall(&unary, large(), &reply));
        auto stream = service->FullDuplexCall(&streaming);
        stream->Write(asking({314159}, 271828));
        stream->WritesDone();
        for (pb::StreamingOutputCallResponse each; stream->Read(&each);) {
        }
        expect(StatusCode::OK, stream->Finish());
        for (ClientContext* context : {static_cast<ClientContext*>(&unary), static_cast<ClientContext*>(&streaming)}) {
            auto& headers = context->GetServerInitialMetadata();
            auto& trailers = context->GetServerTrailingMetadata();
            auto found = headers.find("x-grpc-test-echo-initial");
            require(found != headers.end() && std::string(found->second.data(), found->second.size()) == header, "the header");
            found = trailers.find("x-grpc-test-echo-trailing-bin");
            require(found != trailers.end() && std::string(found->second.data(), found->second.size()) == trailer, "the trailer");
        }
    }

    void custom_metadata() { echo("test_initial_metadata_value", "\xab\xab\xab"); }
    void large_metadata() { echo(std::string(7 << 10, 'm'), std::string("\x00\xff\x10", 3)); }

    // Endings.

    void status(const std::string& message) {
        Context unary, streaming;
        pb::SimpleRequest request;
        request.mutable_response_status()->set_code(2);
        request.mutable_response_status()->set_message(message);
        pb::SimpleResponse reply;
        Status first = service->UnaryCall(&unary, request, &reply);
        auto stream = service->FullDuplexCall(&streaming);
        pb::StreamingOutputCallRequest streamed;
        *streamed.mutable_response_status() = request.response_status();
        stream->Write(streamed);
        stream->WritesDone();
        for (pb::StreamingOutputCallResponse each; stream->Read(&each);) {
        }
        for (const Status& status : {first, stream->Finish()}) {
            expect(StatusCode::UNKNOWN, status);
            require_equal(status.error_message(), message, "the message");
        }
    }

    void status_code_and_message() { status("test status message"); }
    void special_status_message() {
        status("\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n");
    }

    void unimplemented_method() {
        Context context;
        Empty reply;
        expect(StatusCode::UNIMPLEMENTED, service->UnimplementedCall(&context, {}, &reply));
    }

    void unimplemented_service() {
        Context context;
        Empty reply;
        expect(StatusCode::UNIMPLEMENTED, pb::UnimplementedService::NewStub(channel)->UnimplementedCall(&context, {}, &reply));
    }

    void cancel_after_begin() {
        Context context;
        pb::StreamingInputCallResponse reply;
        auto stream = service->StreamingInputCall(&context, &reply);
        context.TryCancel();
        expect(StatusCode::CANCELLED, stream->Finish());
    }

    void cancel_after_first_response() {
        Context context;
        auto stream = service->FullDuplexCall(&context);
        pb::StreamingOutputCallResponse reply;
        require(stream->Write(asking({31415}, 27182)) && stream->Read(&reply), "no first reply");
        context.TryCancel();
        require(!stream->Read(&reply), "a reply to nothing");
        expect(StatusCode::CANCELLED, stream->Finish());
    }

    void timeout_on_sleeping_server() {
        ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(1));
        auto stream = service->FullDuplexCall(&context);
        stream->Write(asking({}, 27182));
        pb::StreamingOutputCallResponse reply;
        require(!stream->Read(&reply), "a reply to nothing");
        expect(StatusCode::DEADLINE_EXCEEDED, stream->Finish());
    }

    // Load.

    void concurrent_large_unary() {
        struct Call {
            Context context;
            pb::SimpleResponse reply;
            Status status;
            std::unique_ptr<grpc::ClientAsyncResponseReader<pb::SimpleResponse>> reader;
        };
        grpc::CompletionQueue queue;
        std::vector<Call> calls(1000);
        for (Call& call : calls) {
            call.reader = service->AsyncUnaryCall(&call.context, large(), &queue);
            call.reader->Finish(&call.reply, &call.status, &call);
        }
        for (size_t left = calls.size(); left > 0; --left) {
            void* tag;
            bool ok;
            require(queue.Next(&tag, &ok) && ok, "a call was lost");
            auto& call = *static_cast<Call*>(tag);
            expect(StatusCode::OK, call.status);
            require_equal<size_t>(call.reply.payload().body().size(), 314159, "the size");
        }
    }

    void flow_control_pushback() {
        const int count = 1000, size = 64 << 10;
        // A channel that has carried much opens its windows so wide that all replies fit.
        auto fresh = pb::TestService::NewStub(connect());
        Context context;
        auto stream = fresh->FullDuplexCall(&context);
        std::atomic<int> written{0};
        std::thread writer([&] {
            while (written < count && stream->Write(asking({size}, size))) ++written;
            stream->WritesDone();
        });
        int held = 0;
        const auto start = std::chrono::steady_clock::now();
        for (auto since = start; std::chrono::steady_clock::now() - start < std::chrono::seconds(10) &&
                                 (held == 0 || std::chrono::steady_clock::now() - since < std::chrono::milliseconds(500));) {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
            if (held != written) {
                held = written;
                since = std::chrono::steady_clock::now();
            }
        }
        int received = 0;
        for (pb::StreamingOutputCallResponse reply; stream->Read(&reply);) ++received;
        writer.join();
        expect(StatusCode::OK, stream->Finish());
        require(held < count, "all requests left, and no reply was read");
        require_equal(received, count, "replies");
    }

    void soak(const std::function<void()>& call) {
        const int iterations = options.count("soak_iterations") ? std::stoi(options["soak_iterations"]) : 10;
        for (int index = 0; index < iterations; ++index) call();
    }

    void rpc_soak() {
        soak([this] { large_unary(); });
    }
    void channel_soak() {
        soak([this] { large_unary(*pb::TestService::NewStub(connect())); });
    }

    // Services about services.

    Status check(const std::string& name, State* state) {
        Context context;
        grpc::health::v1::HealthCheckRequest request;
        request.set_service(name);
        return Health::NewStub(channel)->Check(&context, request, state);
    }

    void health_check() {
        for (const char* name : {"", "grpc.testing.XdsUpdateHealthService"}) {
            State state;
            expect(StatusCode::OK, check(name, &state));
            require_equal<int>(state.status(), State::SERVING, "the state");
        }
        State state;
        expect(StatusCode::NOT_FOUND, check("no.Service", &state));
    }

    void health_watch() {
        auto control = pb::XdsUpdateHealthService::NewStub(channel);
        auto health = Health::NewStub(channel);
        grpc::health::v1::HealthCheckRequest request;
        State state;
        Empty empty;
        Context first, second, third, fourth;
        request.set_service("grpc.testing.TestService");
        auto stream = health->Watch(&first, request);
        require(stream->Read(&state), "no state");
        require_equal<int>(state.status(), State::SERVING, "the state at first");
        expect(StatusCode::OK, control->SetNotServing(&second, {}, &empty));
        require(stream->Read(&state), "no next state");
        require_equal<int>(state.status(), State::NOT_SERVING, "the next state");
        expect(StatusCode::OK, control->SetServing(&third, {}, &empty));
        require(stream->Read(&state), "no last state");
        require_equal<int>(state.status(), State::SERVING, "the last state");
        first.TryCancel();
        stream->Finish();
        request.set_service("no.Service");
        stream = health->Watch(&fourth, request);
        require(stream->Read(&state), "no state of an unknown service");
        require_equal<int>(state.status(), State::SERVICE_UNKNOWN, "an unknown service");
        fourth.TryCancel();
        stream->Finish();
    }

    void reflection() {
        Context context;
        auto stream = ::reflection::ServerReflection::NewStub(channel)->ServerReflectionInfo(&context);
        ::reflection::ServerReflectionRequest request;
        ::reflection::ServerReflectionResponse reply;
        request.set_list_services("");
        require(stream->Write(request) && stream->Read(&reply), "no list");
        bool is_listed = false;
        for (const auto& each : reply.list_services_response().service()) {
            if (each.name() == "grpc.testing.TestService") is_listed = true;
        }
        require(is_listed, "the service is not in the list");
        request.set_file_containing_symbol("grpc.testing.TestService");
        require(stream->Write(request) && stream->Read(&reply), "no descriptor");
        google::protobuf::DescriptorPool pool;
        for (const auto& bytes : reply.file_descriptor_response().file_descriptor_proto()) {
            google::protobuf::FileDescriptorProto file;
            require(file.ParseFromString(bytes), "a descriptor that cannot be read");
            require(pool.BuildFile(file) != nullptr, "a descriptor that does not hold");
        }
        require(pool.FindMethodByName("grpc.testing.TestService.UnaryCall") != nullptr, "no method in the descriptor");
        request.set_file_containing_symbol("no.Symbol");
        require(stream->Write(request) && stream->Read(&reply), "no error");
        require_equal<int>(reply.error_response().error_code(), StatusCode::NOT_FOUND, "the error for an unknown symbol");
        stream->WritesDone();
        expect(StatusCode::OK, stream->Finish());
    }

    // Compression.

    void server_compressed_unary() {
        for (bool compressed : {true, false}) {
            Context context;
            pb::SimpleRequest request = large();
            request.mutable_response_compressed()->set_value(compressed);
            pb::SimpleResponse reply;
            expect(StatusCode::OK, service->UnaryCall(&context, request, &reply));
            require_equal(Inspector::last_was_compressed(context), compressed, "compressed");
        }
    }

    void server_compressed_streaming() {
        Context context;
        const std::vector<std::pair<int, bool>> due{{31415, true}, {92653, false}};
        pb::StreamingOutputCallRequest request;
        for (auto [size, compressed] : due) {
            auto* parameters = request.add_response_parameters();
            parameters->set_size(size);
            parameters->mutable_compressed()->set_value(compressed);
        }
        auto stream = service->StreamingOutputCall(&context, request);
        pb::StreamingOutputCallResponse reply;
        for (auto [size, compressed] : due) {
            require(stream->Read(&reply), "no reply");
            require_equal<int>(reply.payload().body().size(), size, "the size");
            require_equal(Inspector::last_was_compressed(context), compressed, "compressed");
        }
        require(!stream->Read(&reply), "a reply to nothing");
        expect(StatusCode::OK, stream->Finish());
    }

    Status compressed_unary(bool says, bool is) {
        Context context;
        if (is) context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
        pb::SimpleRequest request = large();
        request.mutable_expect_compressed()->set_value(says);
        pb::SimpleResponse reply;
        return service->UnaryCall(&context, request, &reply);
    }

    void client_compressed_unary() {
        expect(StatusCode::INVALID_ARGUMENT, compressed_unary(true, false));
        expect(StatusCode::OK, compressed_unary(true, true));
        expect(StatusCode::OK, compressed_unary(false, false));
    }

    Status compressed_stream(const std::vector<std::pair<int, bool>>& messages, bool compresses, int* sum) {
        Context context;
        if (compresses) context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
        pb::StreamingInputCallResponse reply;
        auto stream = service->StreamingInputCall(&context, &reply);
        for (auto [size, compressed] : messages) {
            pb::StreamingInputCallRequest request;
            request.mutable_payload()->set_body(std::string(size, '\0'));
            request.mutable_expect_compressed()->set_value(compressed);
            WriteOptions write;
            if (!compressed) write.set_no_compression();
            if (!stream->Write(request, write)) break;
        }
        stream->WritesDone();
        Status status = stream->Finish();
        *sum = reply.aggregated_payload_size();
        return status;
    }

    void client_compressed_streaming() {
        int sum = 0;
        expect(StatusCode::INVALID_ARGUMENT, compressed_stream({{27182, true}}, false, &sum));
        expect(StatusCode::OK, compressed_stream({{27182, true}, {45904, false}}, true, &sum));
        require_equal(sum, 73086, "the sum");
    }
};

const std::vector<std::pair<std::string, void (Cases::*)()>> all{
    {"empty_unary", &Cases::empty_unary},
    {"large_unary", &Cases::large_unary},
    {"client_streaming", &Cases::client_streaming},
    {"server_streaming", &Cases::server_streaming},
    {"ping_pong", &Cases::ping_pong},
    {"empty_stream", &Cases::empty_stream},
    {"half_duplex", &Cases::half_duplex},
    {"custom_metadata", &Cases::custom_metadata},
    {"large_metadata", &Cases::large_metadata},
    {"status_code_and_message", &Cases::status_code_and_message},
    {"special_status_message", &Cases::special_status_message},
    {"unimplemented_method", &Cases::unimplemented_method},
    {"unimplemented_service", &Cases::unimplemented_service},
    {"cancel_after_begin", &Cases::cancel_after_begin},
    {"cancel_after_first_response", &Cases::cancel_after_first_response},
    {"timeout_on_sleeping_server", &Cases::timeout_on_sleeping_server},
    {"concurrent_large_unary", &Cases::concurrent_large_unary},
    {"flow_control_pushback", &Cases::flow_control_pushback},
    {"health_check", &Cases::health_check},
    {"health_watch", &Cases::health_watch},
    {"reflection", &Cases::reflection},
    {"server_compressed_unary", &Cases::server_compressed_unary},
    {"client_compressed_unary", &Cases::client_compressed_unary},
    {"server_compressed_streaming", &Cases::server_compressed_streaming},
    {"client_compressed_streaming", &Cases::client_compressed_streaming},
    {"rpc_soak", &Cases::rpc_soak},
    {"channel_soak", &Cases::channel_soak},
};

}  // namespace

int main(int count, char** arguments) {
    options["server_host"] = "127.0.0.1";
    for (int index = 1; index < count; ++index) {
        std::string argument = arguments[index];
        auto equals = argument.find('=');
        options[argument.substr(2, equals - 2)] = equals == std::string::npos ? "" : argument.substr(equals + 1);
    }
    const std::string wanted = "," + options["test_case"] + ",";
    Cases cases;
    bool has_failed = false;
    for (const auto& [name, run] : all) {
        if (wanted != ",all," && wanted.find("," + name + ",") == std::string::npos) continue;
        try {
            (cases.*run)();
            std::printf("ok %s\n", name.c_str());
        } catch (const std::exception& error) {
            has_failed = true;
            std::string why = error.what();
            for (char& each : why) {
                if (each == '\n') each = ' ';
            }
            std::printf("FAIL %s: %s\n", name.c_str(), why.c_str());
        }
        std::fflush(stdout);
    }
    return has_failed;
}
