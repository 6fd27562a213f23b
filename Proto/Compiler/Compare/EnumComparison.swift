/// Values of enums, matched by name, else by number.
extension SchemaComparer {
    mutating func compare(_ before: Enumeration, _ now: Enumeration) {
        let byName = Dictionary(now.values.map { ($0.name, $0) }) { first, _ in first }
        let byNumber = Dictionary(now.values.map { ($0.number, $0) }) { first, _ in first }
        let oldNames = Set(before.values.map(\.name))
        for value in before.values {
            let name = "\(before.fullName).\(value.name)"
            let heir = byNumber[value.number].flatMap { oldNames.contains($0.name) ? nil : $0 }
            guard let counterpart = byName[value.name] ?? heir else {
                reportRemoval(of: value, name, now)
                continue
            }
            if value.number != counterpart.number {
                report(
                    .valueRenumbered, name,
                    "the number of '\(value.name)' was \(value.number) and is \(counterpart.number)",
                    old: value.numberLocation, new: counterpart.numberLocation)
            }
            if value.name != counterpart.name {
                report(
                    .memberRenamed, name, "'\(value.name)' is now '\(counterpart.name)'",
                    old: value.location, new: counterpart.location)
            }
            let names = (
                old.schema.jsonName(of: value, in: before),
                new.schema.jsonName(of: counterpart, in: now)
            )
            if names.0 != names.1 {
                report(
                    .jsonValueRenamed, name, "'\(names.0)' is '\(names.1)' in JSON",
                    old: value.location, new: counterpart.location)
            }
        }
        compareReserved(
            (before.reserved, before.reservedLocations), now.reserved, before.fullName,
            fallback: now.location)
    }

    private mutating func reportRemoval(
        of value: EnumValue, _ name: String, _ now: Enumeration
    ) {
        let isReserved = now.reserved.contains { entry in
            if case .numbers(let range) = entry { range.contains(value.number) } else { false }
        }
        let suffix = isReserved ? "" : ", and its number \(value.number) is not reserved"
        report(
            isReserved ? .memberRenamed : .valueRemoved, name, "'\(value.name)' is gone\(suffix)",
            old: value.location, new: now.location)
    }
}

extension Schema {
    /// The name of an enum's value in JSON: foreign ones are upper case (wire.md §6).
    func jsonName(of value: EnumValue, in enumeration: Enumeration) -> String {
        packages[enumeration.package].isForeign
            ? Spelling.upperSnakeCase(value.name) : value.name
    }
}
