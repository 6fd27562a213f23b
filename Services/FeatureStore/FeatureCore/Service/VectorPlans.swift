internal import FeatureEngine
internal import Synchronization

/// The plans of the vectors of a definition set: each vector's own is compiled before the first
/// call, those of several together when a call first asks for these.
final class VectorPlans: Sendable {
    /// A plan, and per tenant the texts that its expressions compare hashes with.
    final class Entry: Sendable {
        let plan: VectorPlan
        private let texts: [String]
        private let tokens = Mutex<[String: TokenTexts]>([:])

        init(_ plan: VectorPlan) {
            self.plan = plan
            texts = plan.texts
        }

        func tokens(of tenant: String, _ keys: TenantKeys) -> TokenTexts {
            guard !texts.isEmpty else { return TokenTexts() }
            return tokens.withLock { tokens in
                if let known = tokens[tenant] { return known }
                let key = keys.key(of: tenant)
                let made = TokenTexts(texts) { UInt64(bitPattern: key.hash($0)) }
                tokens[tenant] = made
                return made
            }
        }
    }

    /// Unions kept at most: callers ask for few.
    private static let maximumUnions = 256

    private let definitions: DefinitionSet
    private let single: [Entry]
    private let unions = Mutex<[[Int]: Entry]>([:])

    init(_ definitions: DefinitionSet) {
        self.definitions = definitions
        single = definitions.vectors.indices.map { Entry(definitions.plan([$0])) }
    }

    /// A plan of the vectors in one order, whatever that of the call: `place` has, of each of the
    /// call's vectors, which of the plan's it is.
    func plan(of vectors: [VectorDefinition]) -> (entry: Entry, place: [Int]) {
        let positions = vectors.map { vector in
            guard let found = definitions.vector(named: vector.name, version: vector.version)
            else { preconditionFailure("a vector of another definition set") }
            return found
        }
        if positions.count == 1 { return (single[positions[0]], [0]) }
        let union = Set(positions).sorted()
        let place = positions.map { union.firstIndex(of: $0) ?? 0 }
        if let known = unions.withLock({ $0[union] }) { return (known, place) }
        // Not under the lock, where others would wait for it.
        let made = Entry(definitions.plan(union))
        return unions.withLock { unions in
            if let known = unions[union] { return (known, place) }
            if unions.count >= Self.maximumUnions { unions.removeAll() }
            unions[union] = made
            return (made, place)
        }
    }
}
