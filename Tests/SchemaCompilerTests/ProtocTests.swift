import Foundation
import SchemaCompiler
import Testing
import Wire

/// The emitted `.proto` files against Debian's `protoc`.
@Suite("Emitted .proto", .enabled(if: Protoc.isPresent, "protoc is not installed"))
struct ProtocTests {
    private static func proto(_ name: String) -> URL {
        Fixtures.directory.appending(path: "Golden/\(name)/proto")
    }

    private static let workedExample = """
        request_id: "tx-7f3a"
        amount { currency: "EUR" coefficient: -125075 scale: 2 }
        occurred_at { seconds: 1760000000 nanos: 250000000 }
        channel: CHANNEL_ECOMMERCE
        device { os: "iOS" fingerprint: 0x0123456789abcdef }
        attributes { key: "mcc" value { integer: 5411 } }
        attributes { key: "geo" value { text: "DE" } }
        features: [0.5, -1, 3.25]
        retry: 0
        """

    @Test("protoc compiles every emitted file", arguments: ["conformance", "everything"])
    func compiles(name: String) throws {
        let directory = Self.proto(name)
        let files = try FileManager.default.subpathsOfDirectory(atPath: directory.path)
            .filter { $0.hasSuffix(".proto") }.sorted()
        #expect(files.contains("assay/types/v1/types.proto"))
        let arguments = ["--descriptor_set_out=/dev/null"] + files
        #expect(throws: Never.self) { try Protoc.run(arguments, in: directory) }
    }

    @Test("what protoc encodes for the worked example is the example, byte for byte")
    func encodesWorkedExample() throws {
        let bytes = try Protoc.run(
            [
                "--encode=bank.risk.v1.AssessRequest", "--deterministic_output",
                "bank/risk/v1/risk.proto",
            ], input: Array(Self.workedExample.utf8), in: Self.proto("conformance"))
        #expect(bytes.count == 106)
        let value = try BankRiskV1.AssessRequest(decoding: bytes, door: .strict)
        #expect(value.encoded() == bytes)
        #expect(value.amount == Money(currency: "EUR", coefficient: -125_075, scale: 2))
        #expect(value.device?.fingerprint == 0x0123_4567_89AB_CDEF)
        #expect(value.attributes["mcc"] == .integer(5411))
        #expect(value.retry == 0)
    }

    @Test("protoc reads what generated code writes, and writes the same bytes", arguments: 0..<6)
    func readsOurs(seed: UInt64) throws {
        let directory = Self.proto("everything")
        let file = "test/everything/v1/everything.proto"
        var generator = SeededGenerator(seed: seed)
        for type in Everything.types {
            let canonical = try type.canonical(using: &generator)
            let text = try Protoc.run(
                ["--decode=\(type.name)", file], input: canonical, in: directory)
            let again = try Protoc.run(
                ["--encode=\(type.name)", "--deterministic_output", file], input: text,
                in: directory)
            #expect(
                again == canonical,
                "seed \(seed), \(type.name): \(String(decoding: text, as: UTF8.self))")
        }
    }
}
