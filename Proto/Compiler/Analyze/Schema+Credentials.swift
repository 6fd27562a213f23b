extension Schema {
    /// Whether a value of a type may hold a `@pii(credential)` field, however deep.
    func mayHoldCredentials(_ root: TypeID) -> Bool {
        var seen: Set<TypeID> = [root]
        var next = [root]
        while let type = next.popLast() {
            for field in message(type)?.fields ?? [] {
                if field.pii == .credential { return true }
                if let inner = field.type.typeID, seen.insert(inner).inserted { next.append(inner) }
            }
        }
        return false
    }
}
