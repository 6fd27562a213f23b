import AssayMessages
import RPC
import Testing

@testable import ModelCore

@Suite("Ensembles in service")
struct EnsembleServingTests {
    private static func file(_ members: String) -> [UInt8] {
        Array(
            """
            {"format":"assay-ensemble","version":1,"inputs":["a","b"],"combine":"mean",
             "on":"probability","members":[\(members)]}
            """.utf8)
    }

    private static let two =
        #"{"model":"x","version":1},{"model":"y","version":3,"optional":true}"#

    private static func make(
        _ bytes: [UInt8], _ known: [String: ServingVersion]
    ) throws(RPCError) -> ServingVersion {
        try ServingVersion(
            artifact: bytes, digest: ArtifactDigest(of: bytes), number: 1,
            manifest: .init(inputs: [SmallVersion.number("a"), SmallVersion.number("b")])
        ) { (name, number) throws(RPCError) in known["\(name) \(number)"] }
    }

    @Test("members are found by model and version, and their probabilities averaged")
    func mean() throws {
        let (x, y) = (try SmallVersion.make(), try SmallVersion.make([SmallVersion.number("a")]))
        let version = try Self.make(Self.file(Self.two), ["x 1": x, "y 3": y])
        let response = try version.predict([1, -2])
        let (first, second) = (try x.predict([1, -2]), try y.predict([1]))
        #expect(
            response.probability == [(first.probability[0] + second.probability[0]) / 2])
        #expect(response.band == "medium")
        #expect(version.model.format == "assay-ensemble")
        let offset = refusal { try version.predict([1, 1]) { $0.offset = 1 } }
        #expect(offset.message.hasPrefix("offset: "))
    }

    @Test("a missing optional member is counted, a missing required one refuses to load")
    func missing() throws {
        let x = try SmallVersion.make()
        let version = try Self.make(Self.file(Self.two), ["x 1": x])
        #expect(try version.predict([1, 1]).probability == x.predict([1, 1]).probability)
        #expect(version.statistics[.degraded] == 1)
        let error = refusal { try Self.make(Self.file(Self.two), [:]) }
        #expect(error.code == .invalidArgument && error.message == "artifact: x 1 is missing")
    }
}
