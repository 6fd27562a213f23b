import AssayMessages
import FeatureEngine
import RPC
import Testing
import Wire

@testable import FeatureCore

/// Lists that are longer than a reply.
@Suite struct PagesTests {
    private static let features = 1_100
    private static let vectors = 70
    private static let width = 70

    private static func definitions(_ owner: String = "test") throws -> DefinitionSet {
        let derived = (0..<features).map { "f\($0): {type: double, expr: '\($0).5'}" }
        let vectors = (0..<vectors).map { number in
            "v\(number)@1: {purpose: fraud, features: [\((0..<width).map { "f\($0 + number)" }.joined(separator: ", "))]}"
        }
        let text = """
            format: assay.features/1
            package: many
            owner: \(owner)
            description: Many features.
            sensitivity: low
            purposes: [fraud]
            base_currency: EUR
            entities: {card: {short: card, key: card_id}}
            events: {note: {id: note_id, time: at, entities: {card: card_id}}}
            aggregates: {card: {cnt: {from: note, count: true, windows: [1h]}}}
            derived: {\(derived.joined(separator: ", "))}
            vectors: {\(vectors.joined(separator: ", "))}
            """
        return try DefinitionCompiler.compile([DefinitionParser.parse(text, file: "m.yaml")])
    }

    @Test("definitions come page by page, each once, and only of one set")
    func definitions() async throws {
        let store = try await TestStore(definitions: Self.definitions())
        defer { store.remove() }
        func page(
            _ token: [UInt8], prefix: String = ""
        ) async throws -> AssayFeaturesV1.ListDefinitionsResponse {
            try await store.service.listDefinitions(
                AssayFeaturesV1.ListDefinitionsRequest(prefix: prefix, pageToken: token),
                context: store.context())
        }
        let first = try await page([])
        #expect(first.entities.count == 1 && first.features.count == 1_024)
        #expect(first.vectors.count == 64 && first.nextPageToken.count == 40)
        let second = try await page(first.nextPageToken)
        #expect(second.entities.isEmpty && second.nextPageToken.isEmpty)
        let set = store.features.definitions
        #expect((first.features + second.features).map(\.name) == set.catalogue.map(\.name))
        #expect((first.vectors + second.vectors).map(\.ref.name) == set.vectors.map(\.name))
        #expect(try await page([], prefix: "f109").features.count == 11)

        for token in [[1], [UInt8](repeating: 0, count: 40), [UInt8](repeating: 255, count: 40)] {
            let error = await #expect(throws: RPCError.self) { try await page(token) }
            #expect(error?.code == .invalidArgument)
        }
        var other = first.nextPageToken
        other[20] ^= 1
        let changed = await #expect(throws: RPCError.self) { try await page(other) }
        #expect(changed?.reason == "DEFINITIONS_CHANGED")
    }

    @Test("statistics come page by page, in the vector's order")
    func stats() async throws {
        let store = try await TestStore(definitions: Self.definitions())
        defer { store.remove() }
        let vector = AssayFeaturesV1.VectorRef(name: "v3", version: 1)
        for _ in 0..<3 {
            _ = try await store.service.getVector(
                AssayFeaturesV1.GetVectorRequest(
                    vector: vector, keys: ["card": "c1"], time: TestStore.now),
                context: store.context())
        }
        func page(
            _ token: [UInt8], features: [String] = []
        ) async throws -> AssayFeaturesV1.StatsResponse {
            try await store.service.stats(
                AssayFeaturesV1.StatsRequest(
                    vector: vector, features: features, from: Payment.time(-3_600),
                    to: Payment.time(3_600), baselineFrom: Payment.time(-3_600),
                    baselineTo: Payment.time(3_600), pageToken: token),
                context: store.context())
        }
        var names: [String] = []
        var sizes: [Int] = []
        var token: [UInt8] = []
        repeat {
            let reply = try await page(token)
            #expect(
                reply.vectors == 3 && reply.drift.map(\.feature) == reply.features.map(\.feature))
            #expect(reply.features.allSatisfy { $0.statuses.first == 3 })
            names += reply.features.map(\.feature)
            sizes.append(reply.features.count)
            token = reply.nextPageToken
        } while !token.isEmpty && sizes.count < 9
        #expect(sizes == [32, 32, 6])
        #expect(names == (3..<73).map { "f\($0)" })
        #expect(
            try await page([], features: ["f5", "f4"]).features.map(\.feature) == ["f5", "f4"])
        for token in [
            [1], StorageKey.bigEndian(0), StorageKey.bigEndian(70), StorageKey.bigEndian(.max),
        ] {
            let error = await #expect(throws: RPCError.self) { try await page(token) }
            #expect(error?.violations.map(\.field) == ["/page_token"])
        }
    }
}
