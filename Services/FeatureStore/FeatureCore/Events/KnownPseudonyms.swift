/// The pseudonyms of entities that come again and again in a file: one is found faster than it is
/// made. Of one tenant, for one thread.
final class KnownPseudonyms {
    /// Of one entity type; when there are more, it begins anew.
    private static let maximumKnown = 1 << 20

    /// Per entity type, by the text of the key.
    private var known: [[String: StateKey]]

    /// - Parameter entities: how many entity types there are.
    init(entities: Int) { known = [[String: StateKey]](repeating: [:], count: entities) }

    func pid(entity: Int, _ text: String, _ make: () -> StateKey) -> StateKey {
        // Texts are equal that differ in their bytes, as a letter and its accent in one or in two;
        // pseudonyms are not. Among ASCII there are no such texts.
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else { return make() }
        if let pid = known[entity][text] { return pid }
        if known[entity].count >= Self.maximumKnown { known[entity] = [:] }
        let pid = make()
        known[entity][text] = pid
        return pid
    }
}
