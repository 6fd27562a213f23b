import AssayMessages
import RPC
import Testing

@Suite("Embedded descriptors")
struct DescriptorTests {
    static let pool = DescriptorPool(Descriptors.files)

    @Test("every file is there, each after those that it imports")
    func files() {
        let names = Descriptors.files.map(\.name)
        #expect(Set(names).count == names.count)
        for name in [
            "assay/risk/v1/risk.proto", "assay/types/v1/types.proto",
            "google/protobuf/timestamp.proto",
            "grpc/health/v1/health.proto", "grpc/reflection/v1/reflection.proto",
            "grpc/reflection/v1alpha/reflection.proto", "open_inference_grpc.proto",
            "opentelemetry/proto/collector/trace/v1/trace_service.proto",
        ] {
            #expect(names.contains(name))
        }
        for (index, file) in Descriptors.files.enumerated() {
            for dependency in file.dependencies {
                #expect(names[..<index].contains(dependency), "\(file.name) needs \(dependency)")
            }
        }
    }

    @Test("every method of the policy table is declared in the file of its service")
    func methods() throws {
        for method in PolicyTable.all {
            let service = String(method.service)
            let file = try #require(Self.pool.file(declaring: "\(service).\(method.name)"))
            #expect(file.services.contains(service))
            #expect(Self.pool.services.contains(service))
            #expect(service.hasPrefix(file.package + "."))
        }
    }

    @Test("types, fields, oneofs, enum values and nested names lead to their file")
    func symbols() {
        let risk = "assay/risk/v1/risk.proto"
        let expected = [
            "assay.risk.v1.AssessTransactionRequest": risk,
            "assay.risk.v1.RiskAssessment": risk,
            "assay.types.v1.Money": "assay/types/v1/types.proto",
            "assay.types.v1.Place.latitude": "assay/types/v1/types.proto",
            "google.protobuf.Timestamp": "google/protobuf/timestamp.proto",
            "google.protobuf.Timestamp.nanos": "google/protobuf/timestamp.proto",
            "grpc.health.v1.HealthCheckResponse.ServingStatus": "grpc/health/v1/health.proto",
            "grpc.health.v1.HealthCheckResponse.NOT_SERVING": "grpc/health/v1/health.proto",
            "grpc.health.v1.HealthListResponse.StatusesEntry.key": "grpc/health/v1/health.proto",
            "inference.InferParameter.parameter_choice": "open_inference_grpc.proto",
            "inference.ModelInferRequest.InferInputTensor.shape": "open_inference_grpc.proto",
            "opentelemetry.proto.trace.v1.Span.SpanKind":
                "opentelemetry/proto/trace/v1/trace.proto",
        ]
        for (symbol, name) in expected {
            #expect(Self.pool.file(declaring: symbol)?.name == name, "\(symbol)")
        }
        for nothing in ["", ".", "assay", "assay.risk.v1", "assay.risk.v1.Nobody"] {
            #expect(Self.pool.file(declaring: nothing) == nil)
        }
    }

    @Test("the closure of a file begins with it and lacks nothing that it needs")
    func closure() throws {
        let name = "opentelemetry/proto/collector/trace/v1/trace_service.proto"
        let file = try #require(Self.pool.file(named: name))
        #expect(
            Self.pool.closure(of: file).map(\.name) == [
                name, "opentelemetry/proto/trace/v1/trace.proto",
                "opentelemetry/proto/common/v1/common.proto",
                "opentelemetry/proto/resource/v1/resource.proto",
            ])
        #expect(Self.pool.file(named: "nothing.proto") == nil)
    }

    @Test("cut or damaged bytes are refused or read, and never trap", arguments: 0..<2)
    func hostile(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        for file in Descriptors.files {
            for length in stride(from: 0, to: file.bytes.count, by: 61) {
                _ = FileDescriptor(Array(file.bytes[..<length]))
            }
            for _ in 0..<40 {
                var bytes = file.bytes
                let place = Int.random(in: bytes.indices, using: &generator)
                bytes[place] = UInt8.random(in: 0...255, using: &generator)
                _ = FileDescriptor(bytes).map { DescriptorPool([$0, file]).closure(of: $0) }
            }
        }
        #expect(FileDescriptor([]) == nil)
        #expect(FileDescriptor([0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]) == nil)
    }

    @Test("messages nested without end are refused")
    func deep() {
        var message: [UInt8] = [0x0A, 1, 0x4D]
        for _ in 0..<1000 {
            message = [0x0A, 1, 0x4D, 0x1A] + Self.length(message) + message
        }
        #expect(FileDescriptor([0x0A, 1, 0x66, 0x22] + Self.length(message) + message) == nil)
    }

    private static func length(_ bytes: [UInt8]) -> [UInt8] {
        var rest = bytes.count
        var result: [UInt8] = []
        while rest > 0x7F {
            result.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return result + [UInt8(rest)]
    }

    @Test("files that import each other, or what is missing, end a closure")
    func cycle() throws {
        func file(_ name: String, importing other: String) throws -> FileDescriptor {
            let fields = [(UInt8(0x0A), name), (0x1A, other)]
            return try #require(
                FileDescriptor(
                    fields.flatMap { [$0.0, UInt8($0.1.utf8.count)] + Array($0.1.utf8) }))
        }
        let a = try file("a", importing: "b")
        let pool = DescriptorPool([a, try file("b", importing: "a"), try file("c", importing: "d")])
        #expect(pool.closure(of: a).map(\.name) == ["a", "b"])
        let c = try #require(pool.file(named: "c"))
        #expect(pool.closure(of: c).map(\.name) == ["c"])
    }
}
