internal import FeatureEngine

/// Which fields of an event type are personal, and whose they are.
struct PersonalPlan: Sendable {
    struct Field: Sendable {
        let name: String
        /// The touch whose subject it belongs to; nil if no entity of the event has a subject.
        let touch: Int?
    }

    /// One that callers give, ascending by name.
    let fields: [Field]
    /// Per touch, the touches that may name its subject, the likeliest first; the last is itself.
    /// Empty for an entity that is nobody's.
    let subjects: [[Int]]

    init(_ event: EventDefinition, _ entities: [EntityDefinition]) {
        let touches = event.touches
        let subjects = touches.indices.map { Self.subjects(of: $0, touches, entities) }
        let owner = Self.owner(touches, entities)
        var fields: [Field] = []
        for (position, field) in event.fields.enumerated() where field.origin == .given {
            let keyed = Self.personalTouches(of: position, touches, entities)
            guard !keyed.isEmpty || field.personal != nil else { continue }
            let key = keyed.first { !subjects[$0].isEmpty }
            fields.append(Field(name: field.name, touch: key ?? owner))
        }
        self.fields = fields
        self.subjects = subjects
    }

    /// The touches whose keys a field is, or is a part of, and that are of people. What names by
    /// itself an entity that is nobody's, such as a merchant, stays open in other keys too.
    private static func personalTouches(
        of field: Int, _ touches: [Touch], _ entities: [EntityDefinition]
    ) -> [Int] {
        let keyed = touches.indices.filter { touches[$0].fields.contains(field) }
        let personal = keyed.filter {
            let entity = entities[touches[$0].entity]
            return entity.subject != nil || entity.personal != nil
        }
        let isOpen = keyed.contains { touches[$0].fields.count == 1 && !personal.contains($0) }
        return isOpen ? [] : personal
    }

    /// A card belongs to the customer whom the event names in the same role; a customer without a
    /// role has what has none, and what is the origin.
    private static func subjects(
        of index: Int, _ touches: [Touch], _ entities: [EntityDefinition]
    ) -> [Int] {
        let touch = touches[index]
        guard let subject = entities[touch.entity].subject else { return [] }
        guard subject != touch.entity else { return [index] }
        let others = touches.indices.filter {
            guard touches[$0].entity == subject else { return false }
            return touches[$0].role == touch.role
                || (touches[$0].role.isEmpty && touch.role == "origin")
        }
        return others + [index]
    }

    /// Whose an event is: the first entity that is its own subject, or else the first that has one.
    private static func owner(_ touches: [Touch], _ entities: [EntityDefinition]) -> Int? {
        touches.indices.first { entities[touches[$0].entity].subject == touches[$0].entity }
            ?? touches.indices.first { entities[touches[$0].entity].subject != nil }
    }

    func contains(_ name: String) -> Bool { fields.contains { $0.name == name } }

    /// The pseudonym of the subject that a touch's entity belongs to.
    ///
    /// - Parameter pids: per touch, its entity's pseudonym; nil if the event does not name it.
    func subject(of touch: Int, _ pids: [StateKey?]) -> StateKey? {
        guard pids[touch] != nil else { return nil }
        return subjects[touch].lazy.compactMap { pids[$0] }.first
    }
}
