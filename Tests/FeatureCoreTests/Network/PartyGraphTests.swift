import Testing

@testable import FeatureCore

@Suite struct PartyGraphTests {
    private static func graph(
        _ edges: [(String, String)], own: Set<String>? = nil
    ) -> PartyGraph {
        var graph = PartyGraph()
        for (payer, payee) in edges {
            graph.add(
                payer: payer, payee: payee, payerIsOwn: own?.contains(payer) ?? true,
                payeeIsOwn: own?.contains(payee) ?? true)
        }
        return graph
    }

    private static func reaches(
        _ edges: [(String, String)], depth: Int = 8, parties: Int = 10_000
    ) -> [String: PartyGraph.Reach] {
        var graph = graph(edges)
        return Dictionary(
            uniqueKeysWithValues: graph.reaches(depth: depth, parties: parties).map {
                ($0.party, $0.reach)
            })
    }

    private static func reach(_ depth: Int, _ size: Int, _ isBounded: Bool = false)
        -> PartyGraph.Reach
    {
        PartyGraph.Reach(depth: depth, size: size, isBounded: isBounded)
    }

    @Test("a small graph by hand: a chain, a fork, a cycle, a payment to oneself, a shortcut")
    func byHand() {
        let found = Self.reaches([
            ("a", "b"), ("b", "c"), ("c", "d"), ("a", "c"), ("c", "c"), ("d", "b"), ("a", "b"),
            ("e", "a"), ("f", "f"),
        ])
        // a → b, c (1 step), d (2).
        #expect(found["a"] == Self.reach(2, 3))
        // b → c → d → b: it does not reach itself.
        #expect(found["b"] == Self.reach(2, 2))
        #expect(found["c"] == Self.reach(2, 2))
        #expect(found["d"] == Self.reach(2, 2))
        #expect(found["e"] == Self.reach(3, 4))
        #expect(found["f"] == Self.reach(0, 0))
    }

    @Test("who is only paid reaches nobody, and only own parties are answered, in their order")
    func own() {
        var graph = Self.graph([("b", "x"), ("x", "a"), ("b", "y")], own: ["a", "b"])
        let found = graph.reaches()
        #expect(found.map(\.party) == ["a", "b"])
        #expect(found.map(\.reach) == [Self.reach(0, 0), Self.reach(2, 3)])
        #expect(graph.partyCount == 4)
    }

    @Test("a walk ends after eight steps")
    func depth() {
        let chain = (0..<20).map { ("n\($0)", "n\($0 + 1)") }
        let found = Self.reaches(chain)
        #expect(found["n0"] == Self.reach(8, 8))
        #expect(found["n13"] == Self.reach(7, 7))
    }

    @Test("a fan of ten thousand is whole, one more is bounded")
    func fans() {
        let fan = (0..<10_000).map { ("hub", "n\($0)") }
        #expect(Self.reaches(fan)["hub"] == Self.reach(1, 10_000))
        #expect(Self.reaches(fan + [("hub", "one more")])["hub"] == Self.reach(1, 10_000, true))
        let behind = Self.reaches(fan + [("n5", "one more")])
        #expect(behind["hub"] == Self.reach(1, 10_000, true))
        #expect(behind["n5"] == Self.reach(1, 1))
        #expect(Self.reaches(fan + [("start", "hub")])["start"] == Self.reach(2, 10_000, true))
    }

    @Test("random graphs are walked as a plain search walks them, in any order", arguments: 0..<40)
    func random(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let parties = Int.random(in: 2...60, using: &random)
        var edges = (0..<Int.random(in: 1...120, using: &random)).map { _ in
            (
                "p\(Int.random(in: 0..<parties, using: &random))",
                "p\(Int.random(in: 0..<parties, using: &random))"
            )
        }
        let depth = Int.random(in: 1...8, using: &random)
        let limit = Int.random(in: 1...parties, using: &random)
        let found = Self.reaches(edges, depth: depth, parties: limit)
        for (party, reach) in found {
            #expect(
                reach == Self.plain(party, edges, depth: depth, limit: limit), "seed \(seed)")
        }
        edges.shuffle(using: &random)
        #expect(Self.reaches(edges + edges, depth: depth, parties: limit) == found)
    }

    /// Distances by relaxing every edge, over and over.
    private static func plain(
        _ start: String, _ edges: [(String, String)], depth: Int, limit: Int
    ) -> PartyGraph.Reach {
        var distance = [start: 0]
        for step in 0..<depth {
            for (payer, payee) in edges
            where distance[payer] == step && distance[payee] == nil { distance[payee] = step + 1 }
        }
        distance[start] = nil
        let ordered = distance.values.sorted()
        guard ordered.count > limit else {
            return reach(ordered.last ?? 0, ordered.count)
        }
        return reach(ordered[limit - 1], limit, true)
    }
}
