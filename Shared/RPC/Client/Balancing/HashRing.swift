/// A consistent-hash ring: 160 points per unit of weight, placed by the members' names alone, so
/// every process that knows the same members has the same ring.
struct HashRing: Sendable {
    static let pointsPerWeight = 160

    private var hashes: [UInt64] = []
    private var owners: [Int] = []

    init() {}

    /// - Parameter members: each with the slot that a look-up returns.
    init(_ members: [(slot: Int, endpoint: Endpoint)]) {
        var points: [(hash: UInt64, name: String, slot: Int)] = []
        for (slot, endpoint) in members {
            let name = "\(endpoint)"
            for index in 0..<Self.pointsPerWeight * endpoint.weight {
                points.append((XXH64.hash("\(name)_\(index)"), name, slot))
            }
        }
        points.sort { ($0.hash, $0.name) < ($1.hash, $1.name) }
        hashes = points.map(\.hash)
        owners = points.map(\.slot)
    }

    /// The slots from the owner of `hash` on, in the order of the ring, each once, as long as
    /// `visit` returns true.
    func walk(from hash: UInt64, _ visit: (Int) -> Bool) {
        if hashes.isEmpty { return }
        var seen: Set<Int> = []
        let start = position(of: hash)
        for step in owners.indices {
            let owner = owners[(start + step) % owners.count]
            if seen.insert(owner).inserted, !visit(owner) { return }
        }
    }

    /// The slot of the first point at or behind `hash`.
    func owner(of hash: UInt64) -> Int? {
        hashes.isEmpty ? nil : owners[position(of: hash)]
    }

    private func position(of hash: UInt64) -> Int {
        var low = 0
        var high = hashes.count
        while low < high {
            let middle = (low + high) / 2
            if hashes[middle] < hash { low = middle + 1 } else { high = middle }
        }
        return low == hashes.count ? 0 : low
    }
}
