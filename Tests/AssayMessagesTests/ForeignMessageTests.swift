import AssayMessages
import Foundation
import RPC
import Testing
import Wire

/// Messages as official implementations of the foreign protocols write them.
@Suite("Foreign messages")
struct ForeignMessageTests {
    /// A message of an official type: its deterministic encoding, and one with its fields in
    /// another order.
    struct Vector {
        let type: String
        let canonical: [UInt8]
        let shuffled: [UInt8]

        /// A line `type canonical shuffled`, in hex; `-` stands for no bytes.
        init?(_ line: Substring) {
            let parts = line.split(separator: " ")
            guard parts.count == 3, let canonical = Self.bytes(parts[1]),
                let shuffled = Self.bytes(parts[2])
            else { return nil }
            type = String(parts[0])
            self.canonical = canonical
            self.shuffled = shuffled
        }

        private static func bytes(_ hex: Substring) -> [UInt8]? {
            if hex == "-" { return [] }
            let digits = hex.compactMap(\.hexDigitValue)
            guard digits.count == hex.count, digits.count % 2 == 0 else { return nil }
            return stride(from: 0, to: digits.count, by: 2).map {
                UInt8(digits[$0] << 4 | digits[$0 + 1])
            }
        }
    }

    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    static let folder = root.appending(path: "Tests/Conformance/foreign")

    static let types: [String: any WireMessage.Type] = {
        let all: [any WireMessage.Type] = [
            GRPCHealthV1.HealthCheckRequest.self, GRPCHealthV1.HealthCheckResponse.self,
            GRPCHealthV1.HealthListRequest.self, GRPCHealthV1.HealthListResponse.self,
            GRPCReflectionV1.ServerReflectionRequest.self, GRPCReflectionV1.ExtensionRequest.self,
            GRPCReflectionV1.ServerReflectionResponse.self,
            GRPCReflectionV1.FileDescriptorResponse.self,
            GRPCReflectionV1.ExtensionNumberResponse.self,
            GRPCReflectionV1.ListServiceResponse.self, GRPCReflectionV1.ServiceResponse.self,
            GRPCReflectionV1.ErrorResponse.self,
            GRPCReflectionV1Alpha.ServerReflectionRequest.self,
            GRPCReflectionV1Alpha.ExtensionRequest.self,
            GRPCReflectionV1Alpha.ServerReflectionResponse.self,
            GRPCReflectionV1Alpha.FileDescriptorResponse.self,
            GRPCReflectionV1Alpha.ExtensionNumberResponse.self,
            GRPCReflectionV1Alpha.ListServiceResponse.self,
            GRPCReflectionV1Alpha.ServiceResponse.self, GRPCReflectionV1Alpha.ErrorResponse.self,
            OpenInference.ServerLiveRequest.self, OpenInference.ServerLiveResponse.self,
            OpenInference.ServerReadyRequest.self, OpenInference.ServerReadyResponse.self,
            OpenInference.ModelReadyRequest.self, OpenInference.ModelReadyResponse.self,
            OpenInference.ServerMetadataRequest.self, OpenInference.ServerMetadataResponse.self,
            OpenInference.ModelMetadataRequest.self, OpenInference.ModelMetadataResponse.self,
            OpenInference.ModelMetadataResponse.TensorMetadata.self,
            OpenInference.ModelInferRequest.self,
            OpenInference.ModelInferRequest.InferInputTensor.self,
            OpenInference.ModelInferRequest.InferRequestedOutputTensor.self,
            OpenInference.ModelInferResponse.self,
            OpenInference.ModelInferResponse.InferOutputTensor.self,
            OpenInference.InferParameter.self, OpenInference.InferTensorContents.self,
            OTLPCommonV1.AnyValue.self, OTLPCommonV1.ArrayValue.self,
            OTLPCommonV1.KeyValueList.self, OTLPCommonV1.KeyValue.self,
            OTLPCommonV1.InstrumentationScope.self, OTLPCommonV1.EntityRef.self,
            OTLPResourceV1.Resource.self, OTLPTraceV1.TracesData.self,
            OTLPTraceV1.ResourceSpans.self, OTLPTraceV1.ScopeSpans.self, OTLPTraceV1.Span.self,
            OTLPTraceV1.Span.Event.self, OTLPTraceV1.Span.Link.self, OTLPTraceV1.Status.self,
            OTLPTraceCollectorV1.ExportTraceServiceRequest.self,
            OTLPTraceCollectorV1.ExportTraceServiceResponse.self,
            OTLPTraceCollectorV1.ExportTracePartialSuccess.self,
        ]
        return Dictionary(uniqueKeysWithValues: all.map { ($0.fullName, $0) })
    }()

    /// What a list of messages holds.
    private struct Coverage {
        var messages = 0
        var types: Set<String> = []
        /// Fields that no message has.
        var missing: [String] = []
    }

    /// Checks every line.
    private static func check(_ text: some StringProtocol) throws -> Coverage {
        var coverage = Coverage()
        var fields: Set<String> = []
        for line in text.split(separator: "\n") {
            let vector = try #require(Vector(Substring(line)), "\(line)")
            let type = try #require(types[vector.type], "\(vector.type)")
            coverage.messages += 1
            coverage.types.insert(vector.type)
            try check(vector, as: type, fields: &fields)
        }
        let expected = types.values.flatMap { type in
            type.fields.fields.map { "\(type.fullName).\($0.name)" }
        }
        coverage.missing = Set(expected).subtracting(fields).sorted()
        return coverage
    }

    private static func check<M: WireMessage>(
        _ vector: Vector, as type: M.Type, fields: inout Set<String>
    ) throws {
        let context = Comment(rawValue: "\(vector.type) \(vector.canonical)")
        let limits = DecodeLimits(bytes: 1 << 20)
        let strict = try M(decoding: vector.canonical, door: .strict, limits: limits)
        let tolerant = try M(decoding: vector.canonical, door: .tolerant, limits: limits)
        let unordered = try M(decoding: vector.shuffled, door: .tolerant, limits: limits)
        for message in [strict, tolerant, unordered] {
            #expect(message.unknown == nil, context)
            #expect(message.encoded() == vector.canonical, context)
            #expect(message == strict, context)
        }
        #expect(try M(jsonBytes: strict.json()).encoded() == vector.canonical, context)
        let numbers = Self.numbers(vector.canonical)
        for field in M.fields.fields where numbers.contains(field.number) {
            fields.insert("\(M.fullName).\(field.name)")
        }
    }

    /// The numbers of the fields that well-formed bytes hold.
    private static func numbers(_ bytes: [UInt8]) -> Set<Int> {
        var rest = bytes[...]
        func varint() -> UInt64 {
            var value: UInt64 = 0
            var shift: UInt64 = 0
            while let byte = rest.popFirst() {
                value |= UInt64(byte & 0x7F) << shift
                shift += 7
                if byte < 0x80 { break }
            }
            return value
        }
        var numbers: Set<Int> = []
        while !rest.isEmpty {
            let tag = varint()
            numbers.insert(Int(tag >> 3))
            switch tag & 7 {
            case 0: _ = varint()
            case 1: rest = rest.dropFirst(8)
            case 5: rest = rest.dropFirst(4)
            default:
                let length = Int(clamping: varint())
                rest = rest.dropFirst(length)
            }
        }
        return numbers
    }

    @Test("recorded ones come through both doors and JSON with every field, byte for byte")
    func recorded() throws {
        let coverage = try Self.check(
            String(contentsOf: Self.folder.appending(path: "vectors.txt"), encoding: .utf8))
        #expect(coverage.types == Set(Self.types.keys))
        #expect(coverage.missing == [])
        #expect(coverage.messages > Self.types.count)
    }

    @Test("the list of types is complete")
    func complete() {
        let packages = [
            "grpc.health.v1", "grpc.reflection.v1", "grpc.reflection.v1alpha", "inference",
            "opentelemetry.proto.common.v1", "opentelemetry.proto.resource.v1",
            "opentelemetry.proto.trace.v1", "opentelemetry.proto.collector.trace.v1",
        ]
        let foreign = Descriptors.files.filter { packages.contains($0.package) }
        #expect(foreign.count == packages.count)
        let symbols = Set(foreign.flatMap(\.symbols))
        for name in Self.types.keys { #expect(symbols.contains(name), "\(name)") }
        // What else begins with a capital is an enum, an enum's value, a map's entry, a service
        // or a method.
        let capital = symbols.filter { name in
            name.split(separator: ".").last?.first?.isUppercase == true
        }
        let others = capital.subtracting(Self.types.keys).map { name in
            String(name.split(separator: ".").last ?? "")
        }
        let known = [
            "ServingStatus", "SpanKind", "StatusCode", "SpanFlags", "Health", "Check", "List",
            "Watch", "ServerReflection", "ServerReflectionInfo", "GRPCInferenceService",
            "ServerLive", "ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata",
            "ModelInfer", "TraceService", "Export",
        ]
        let unexplained = others.filter { name in
            !known.contains(name) && !name.hasSuffix("Entry") && name != name.uppercased()
        }
        #expect(unexplained.sorted() == [])
    }

    static var python: URL { root.appending(path: ".venv/bin/python") }
    static var hasPython: Bool {
        let site = root.appending(path: ".venv/lib")
        let names = try? FileManager.default.subpathsOfDirectory(atPath: site.path)
        return FileManager.default.isExecutableFile(atPath: python.path)
            && names?.contains { $0.hasSuffix("site-packages/open_inference") } == true
    }

    @Test(
        "random ones of the official types come through as well",
        .enabled(if: hasPython, "no .venv with the official types here: make test creates it"))
    func random() throws {
        let seed = UInt32.random(in: 0...UInt32.max)
        let process = Process()
        process.executableURL = Self.python
        process.arguments = [Self.folder.appending(path: "messages.py").path, "\(seed)", "40"]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "seed \(seed)")
        let coverage = try Self.check(String(decoding: output, as: UTF8.self))
        #expect(coverage.types == Set(Self.types.keys), "seed \(seed)")
        #expect(coverage.missing == [], "seed \(seed)")
    }
}
