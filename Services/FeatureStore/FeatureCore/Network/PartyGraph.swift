/// Who paid whom: parties, and directed edges between them.
///
/// What it says does not depend on the order in which edges were added, nor on how often.
public struct PartyGraph: Sendable {
    /// How far a party reaches downstream.
    public struct Reach: Hashable, Sendable {
        /// Most steps to any party that is reached, breadth first.
        public let depth: Int
        /// Parties that are reached, itself not among them.
        public let size: Int
        /// There are more parties within reach than are counted.
        public let isBounded: Bool
    }

    public static let maximumDepth = 8
    public static let maximumParties = 10_000

    private var numbers: [String: UInt32] = [:]
    private var names: [String] = []
    private var isOwn: [Bool] = []
    /// Payer in the upper half, payee in the lower.
    private var edges: [UInt64] = []
    /// The first of them are ascending, each once.
    private var sorted = 0
    /// Per party, where its edges begin; one more at the end.
    private var starts: [Int] = [0]

    public init() {}

    public var partyCount: Int { names.count }

    /// Adds a payment. One to oneself reaches nobody.
    ///
    /// - Parameters:
    ///   - payerIsOwn: whether the payer is one of those that the answer is wanted of.
    ///   - payeeIsOwn: the same of the payee.
    public mutating func add(
        payer: String, payee: String, payerIsOwn: Bool, payeeIsOwn: Bool
    ) {
        let from = number(payer, payerIsOwn)
        let to = number(payee, payeeIsOwn)
        guard from != to else { return }
        edges.append(UInt64(from) << 32 | UInt64(to))
        if edges.count > 2 * sorted + 65_536 { compact() }
    }

    private mutating func number(_ party: String, _ isOwn: Bool) -> UInt32 {
        if let known = numbers[party] {
            if isOwn { self.isOwn[Int(known)] = true }
            return known
        }
        let number = UInt32(names.count)
        numbers[party] = number
        names.append(party)
        self.isOwn.append(isOwn)
        return number
    }

    private mutating func compact() {
        edges.sort()
        var kept = 0
        for index in edges.indices where kept == 0 || edges[index] != edges[kept - 1] {
            edges[kept] = edges[index]
            kept += 1
        }
        edges.removeLast(edges.count - kept)
        sorted = kept
    }

    /// The reach of each own party, ascending by name.
    public mutating func reaches(
        depth: Int = maximumDepth, parties: Int = maximumParties
    ) -> [(party: String, reach: Reach)] {
        index()
        var walk = Walk(parties: names.count)
        return names.indices.filter { isOwn[$0] }.sorted { names[$0] < names[$1] }.map {
            (names[$0], reach(from: UInt32($0), depth, parties, &walk))
        }
    }

    private mutating func index() {
        compact()
        starts = [Int](repeating: 0, count: names.count + 1)
        for edge in edges { starts[Int(edge >> 32) + 1] += 1 }
        for party in names.indices { starts[party + 1] += starts[party] }
    }

    /// Memory that all walks use.
    private struct Walk {
        /// Per party, the walk that saw it last.
        var seen: [UInt32]
        var number: UInt32 = 0
        var queue: [UInt32] = []

        init(parties: Int) { seen = [UInt32](repeating: 0, count: parties) }
    }

    private func reach(
        from start: UInt32, _ maximumDepth: Int, _ maximumParties: Int, _ walk: inout Walk
    ) -> Reach {
        walk.number += 1
        walk.seen[Int(start)] = walk.number
        walk.queue.removeAll(keepingCapacity: true)
        walk.queue.append(start)
        var (next, depth) = (0, 0)
        // Each round takes the parties that are one step further.
        while depth < maximumDepth, next < walk.queue.count {
            let end = walk.queue.count
            while next < end {
                let party = Int(walk.queue[next])
                next += 1
                for edge in edges[starts[party]..<starts[party + 1]] {
                    let payee = UInt32(truncatingIfNeeded: edge)
                    guard walk.seen[Int(payee)] != walk.number else { continue }
                    // The start is in the queue too.
                    guard walk.queue.count <= maximumParties else {
                        let last = walk.queue.count > end ? depth + 1 : depth
                        return Reach(depth: last, size: maximumParties, isBounded: true)
                    }
                    walk.seen[Int(payee)] = walk.number
                    walk.queue.append(payee)
                }
            }
            if walk.queue.count > end { depth += 1 }
        }
        return Reach(depth: depth, size: walk.queue.count - 1, isBounded: false)
    }
}
