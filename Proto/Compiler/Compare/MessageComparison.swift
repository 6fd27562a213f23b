/// Fields of messages and members of unions, matched by name where the name kept its place, else
/// by number.
extension SchemaComparer {
    mutating func compare(_ before: Message, _ now: Message) {
        if before.isUnion != now.isUnion {
            report(
                .oneofChanged, before.fullName,
                "'\(before.name)' was \(TypeDeclaration.message(before).kind) and is "
                    + TypeDeclaration.message(now).kind,
                old: before.location, new: now.location)
        }
        let oneofs = OneofMatch(before, now)
        let pairs = fieldPairs(before, now)
        for (field, counterpart) in pairs {
            guard let counterpart else {
                reportRemoval(of: field, before, now)
                continue
            }
            compare(field, counterpart, FieldOwners(before: before, now: now))
            if before.isUnion == now.isUnion {
                compareOneof(field, counterpart, oneofs, before, now)
            }
        }
        compareOneofs(oneofs, before, now)
        let known = Set(pairs.compactMap { $0.1?.number })
        for field in now.fields where !known.contains(field.number) {
            reportAddition(of: field, oneofs, before, now)
        }
        compareReserved(
            (before.reserved, before.reservedLocations), now.reserved, before.fullName,
            fallback: now.location)
        if before.isSealable && !now.isSealable {
            report(
                .sealingRemoved, before.fullName, "'\(before.name)' is no longer '@sealable'",
                old: before.annotations.location("sealable") ?? before.location, new: now.location)
        }
    }

    private func fieldPairs(_ before: Message, _ now: Message) -> [(Field, Field?)] {
        let byName = Dictionary(now.fields.map { ($0.name, $0) }) { first, _ in first }
        let byNumber = Dictionary(now.fields.map { ($0.number, $0) }) { first, _ in first }
        let oldNames = Set(before.fields.map(\.name))
        return before.fields.map { field in
            if let same = byName[field.name] { return (field, same) }
            // The number may have gone to a field that existed before under its own name.
            let heir = byNumber[field.number].flatMap { oldNames.contains($0.name) ? nil : $0 }
            return (field, heir)
        }
    }

    private mutating func reportRemoval(of field: Field, _ before: Message, _ now: Message) {
        let name = "\(before.fullName).\(field.name)"
        let isReserved = now.reserved.contains { entry in
            if case .numbers(let range) = entry { range.contains(field.number) } else { false }
        }
        let suffix = isReserved ? "" : ", and its number \(field.number) is not reserved"
        report(
            isReserved ? .memberRenamed : .fieldRemoved, name, "'\(field.name)' is gone\(suffix)",
            old: field.location, new: now.location)
    }

    private mutating func reportAddition(
        of field: Field, _ oneofs: OneofMatch, _ before: Message, _ now: Message
    ) {
        let name = "\(before.fullName).\(field.name)"
        if field.isRequiredMessage {
            report(
                .requiredAdded, name, "'\(field.name)' is new and '@required'",
                old: before.location, new: field.location)
        }
        guard let oneof = field.oneof, !now.isUnion, now.oneofs[oneof].isRequired else { return }
        if let origin = oneofs.origin(of: oneof) {
            report(
                .requiredAdded, name,
                "'\(field.name)' was added to the '@required' oneof '\(now.oneofs[oneof].name)'",
                old: before.oneofs[origin].location, new: field.location)
        } else if now.members(of: oneof).first?.number == field.number {
            report(
                .requiredAdded, "\(before.fullName).\(now.oneofs[oneof].name)",
                "oneof '\(now.oneofs[oneof].name)' is new and '@required'", old: before.location,
                new: now.oneofs[oneof].location)
        }
    }

    // MARK: Oneofs

    private mutating func compareOneof(
        _ field: Field, _ counterpart: Field, _ oneofs: OneofMatch, _ before: Message,
        _ now: Message
    ) {
        if before.isUnion { return }
        let message: String
        switch (field.oneof, counterpart.oneof) {
        case (nil, nil): return
        case (nil, let target?):
            message = "'\(field.name)' moved into oneof '\(now.oneofs[target].name)'"
        case (let source?, nil):
            message = "'\(field.name)' moved out of oneof '\(before.oneofs[source].name)'"
        case (let source?, let target?):
            if oneofs.origin(of: target) == source { return }
            message =
                "'\(field.name)' moved from oneof '\(before.oneofs[source].name)' "
                + "to '\(now.oneofs[target].name)'"
        }
        report(
            .oneofChanged, "\(before.fullName).\(field.name)", message, old: field.location,
            new: counterpart.location)
    }

    private mutating func compareOneofs(
        _ oneofs: OneofMatch, _ before: Message, _ now: Message
    ) {
        if before.isUnion || now.isUnion { return }
        for (target, oneof) in now.oneofs.enumerated() {
            guard let source = oneofs.origin(of: target) else { continue }
            let origin = before.oneofs[source]
            let name = "\(before.fullName).\(origin.name)"
            if origin.name != oneof.name {
                report(
                    .memberRenamed, name, "oneof '\(origin.name)' is now '\(oneof.name)'",
                    old: origin.location, new: oneof.location)
            }
            if origin.isRequired != oneof.isRequired {
                report(
                    .presenceChanged, name,
                    "oneof '\(origin.name)' is \(oneof.isRequired ? "now" : "no longer") '@required'",
                    old: origin.location, new: oneof.location)
            }
        }
    }

    // MARK: Reservations

    mutating func compareReserved(
        _ before: ([Reserved], [Location]), _ now: [Reserved], _ name: String, fallback: Location
    ) {
        let ranges = now.compactMap { entry in
            if case .numbers(let range) = entry { range } else { nil }
        }.sorted { $0.lowerBound < $1.lowerBound }
        let names = Set(now)
        for (entry, location) in zip(before.0, before.1) {
            let message: String
            switch entry {
            case .name(let text):
                if names.contains(entry) { continue }
                message = "the name '\(text)' is no longer reserved"
            case .numbers(let range):
                guard let free = range.firstGap(between: ranges) else { continue }
                message =
                    free.count == 1
                    ? "number \(free.lowerBound) is no longer reserved"
                    : "numbers \(free.lowerBound) to \(free.upperBound) are no longer reserved"
            }
            report(.reservationRemoved, name, message, old: location, new: fallback)
        }
    }
}

extension ClosedRange<Int> {
    /// The first part of the range that none of the others, which ascend, covers.
    fileprivate func firstGap(between others: [ClosedRange<Int>]) -> ClosedRange<Int>? {
        var next = lowerBound
        for other in others where other.upperBound >= next {
            if other.lowerBound > next { return next...Swift.min(upperBound, other.lowerBound - 1) }
            if other.upperBound >= upperBound { return nil }
            next = Swift.max(next, other.upperBound + 1)
        }
        return next <= upperBound ? next...upperBound : nil
    }
}

/// Which old oneof each new one continues: the one of the same name, else the one that it shares
/// most members with.
struct OneofMatch {
    private var origins: [Int: Int] = [:]

    init(_ before: Message, _ now: Message) {
        if before.isUnion || now.isUnion { return }
        var candidates: [(shared: Int, isNamesake: Bool, source: Int, target: Int)] = []
        for (target, oneof) in now.oneofs.enumerated() {
            let numbers = Set(now.members(of: target).map(\.number))
            for (source, origin) in before.oneofs.enumerated() {
                let shared = before.members(of: source).count { numbers.contains($0.number) }
                guard shared > 0 else { continue }
                candidates.append((shared, origin.name == oneof.name, source, target))
            }
        }
        candidates.sort { left, right in
            if left.isNamesake != right.isNamesake { return left.isNamesake }
            if left.shared != right.shared { return left.shared > right.shared }
            return (left.source, left.target) < (right.source, right.target)
        }
        var used: Set<Int> = []
        for candidate in candidates where origins[candidate.target] == nil {
            if used.insert(candidate.source).inserted {
                origins[candidate.target] = candidate.source
            }
        }
    }

    /// The old oneof that a new one continues.
    func origin(of target: Int) -> Int? { origins[target] }
}
