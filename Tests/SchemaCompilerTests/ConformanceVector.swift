import Foundation
import SchemaCompiler
import TestSupport
import Wire

/// One vector of the conformance pack; its README says what the members mean.
struct ConformanceVector: Decodable {
    struct Limits: Decodable {
        var bytes: Int?
        var heap: Int?
        var unknownBytes: Int?
        var depth: Int?
    }

    let note: String
    let type: String
    let json: String?
    let hex: String
    let sha256: String
    let strict: Bool
    let rule: String?
    let also: [String]?
    let tolerant: Bool
    let tolerantRule: String?
    let tolerantAlso: [String]?
    let canonical: String?
    let limits: Limits?

    /// The rules that a door may name; empty if it accepts.
    func rules(_ door: Door) -> [String] {
        switch door {
        case .strict: [rule].compactMap(\.self) + (also ?? [])
        case .tolerant: [tolerantRule].compactMap(\.self) + (tolerantAlso ?? [])
        }
    }

    var decodeLimits: DecodeLimits {
        DecodeLimits(
            bytes: limits?.bytes ?? 4 << 20, heap: limits?.heap,
            unknownBytes: limits?.unknownBytes ?? 16 << 10, depth: limits?.depth ?? 64)
    }
}

/// The files of the conformance pack.
enum ConformancePack {
    static let directory = URL(filePath: PackageLayout.root)
        .appending(path: "Tests/Conformance/wire")

    /// Those with vectors of the codec.
    static let codecFiles: [String] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
        let others = ["sealed.json", "commitments.json", "fingerprints.json"]
        return names.filter { $0.hasSuffix(".json") && !others.contains($0) }.sorted()
    }()

    static func read<T: Decodable>(_ name: String) throws -> [T] {
        try JSONDecoder().decode(
            [T].self, from: Data(contentsOf: directory.appending(path: name)))
    }

    /// The schemas that the vectors are about.
    static func compilation() throws -> Compilation {
        let names = ["conformance", "everything"]
        return Compilation(
            try names.flatMap { try Fixtures.sources(below: "Golden/\($0)/schemas") })
    }

    static func bytes(_ hex: String) -> [UInt8] {
        let digits = Array(hex.utf8).compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        return stride(from: 0, to: digits.count - 1, by: 2).map { index in
            UInt8(digits[index] << 4 | digits[index + 1])
        }
    }

    static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}

/// A way to decode and encode the messages of the pack.
protocol ConformanceCodec: Sendable {
    /// The canonical encoding of what the door makes of the bytes.
    func decode(_ vector: ConformanceVector, _ door: Door) throws -> [UInt8]
    /// The canonical encoding of a JSON text, and of the JSON text that it becomes again.
    func encode(_ json: String, as type: String) throws -> (bytes: [UInt8], again: [UInt8])
}

/// Through the code that the compiler writes.
struct GeneratedCodec: ConformanceCodec {
    private static let types: [any WireMessage.Type] = [
        BankPartyV1.Card.self, BankRiskV1.AssessRequest.self, BankRiskV1.Value.self,
        BankRiskV1.Device.self, Common.Place.self, Foreign.InferRequest.self,
        TestEverythingV1.Scalars.self, TestEverythingV1.Optionals.self,
        TestEverythingV1.Required.self, TestEverythingV1.Lists.self, TestEverythingV1.Maps.self,
        TestEverythingV1.Choice.self, TestEverythingV1.Oneofs.self, TestEverythingV1.Names.self,
        TestEverythingV1.Empty.self, TestEverythingV1.Tree.self, TestEverythingV1.Sealed.self,
        TestEverythingV1.CallRequest.self, TestEverythingV1.Token.self,
    ]

    private static func type(_ name: String) throws -> any WireMessage.Type {
        guard let type = types.first(where: { $0.fullName == name }) else {
            throw ConformanceFailure(description: "no generated type \(name)")
        }
        return type
    }

    func decode(_ vector: ConformanceVector, _ door: Door) throws -> [UInt8] {
        func decode<M: WireMessage>(_ type: M.Type) throws -> [UInt8] {
            try M(
                decoding: ConformancePack.bytes(vector.hex), door: door,
                limits: vector.decodeLimits
            ).encoded()
        }
        return try decode(Self.type(vector.type))
    }

    func encode(_ json: String, as type: String) throws -> (bytes: [UInt8], again: [UInt8]) {
        func encode<M: WireMessage>(_ type: M.Type) throws -> (bytes: [UInt8], again: [UInt8]) {
            let message = try M(jsonBytes: Array(json.utf8))
            return (message.encoded(), try M(jsonBytes: message.json()).encoded())
        }
        return try encode(Self.type(type))
    }
}

/// Without generated code, from the schema alone.
struct DynamicCodec: ConformanceCodec {
    private let schema: DynamicSchema

    init() throws {
        guard let schema = try ConformancePack.compilation().dynamicSchema() else {
            throw ConformanceFailure(description: "the schemas of the pack have errors")
        }
        self.schema = schema
    }

    private func known(_ message: DynamicMessage?, _ name: String) throws -> DynamicMessage {
        guard let message else { throw ConformanceFailure(description: "no type \(name)") }
        return message
    }

    func decode(_ vector: ConformanceVector, _ door: Door) throws -> [UInt8] {
        try known(
            DynamicMessage(
                decoding: ConformancePack.bytes(vector.hex), as: vector.type, in: schema,
                door: door, limits: vector.decodeLimits), vector.type
        ).encoded()
    }

    func encode(_ json: String, as type: String) throws -> (bytes: [UInt8], again: [UInt8]) {
        let message = try known(
            DynamicMessage(jsonBytes: Array(json.utf8), as: type, in: schema), type)
        let again = try known(
            DynamicMessage(jsonBytes: message.json(), as: type, in: schema), type)
        return (message.encoded(), again.encoded())
    }
}

struct ConformanceFailure: Error, CustomStringConvertible {
    let description: String
}
