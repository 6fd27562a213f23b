/// Rules on the members of one declaration, checked as written: numbers, reservations, duplicates
/// and spelling.
extension Resolver {
    static let fieldNumbers = 1...2047

    mutating func checkTypeSpelling(
        _ declaration: DeclarationSyntax, section: Int, package: Int
    ) {
        let name = declaration.name
        if name.isDotted, !schema.packages[package].isForeign {
            error(
                .foreign, section, name.span,
                "only a '@protobuf_types' package declares dotted names")
        }
        // The canonical text of a nested message need not hold the message around it.
        if name.isDotted, schema.packages[package].isForeign, checksPaths {
            let parent = name.components.dropLast().joined(separator: ".")
            if !messageNames.contains("\(schema.packages[package].name).\(parent)") {
                error(.foreign, section, name.span, "the message '\(parent)' is not declared")
            }
        }
        for part in name.components where !Spelling.isPascalCase(part) {
            error(
                .spelling, section, name.span, "type names are PascalCase",
                hint: "write '\(Spelling.pascalCase(Spelling.snakeCase(part)))'")
        }
    }

    private mutating func checkSnakeCase(_ name: NameSyntax, _ what: String, section: Int) {
        guard !Spelling.isSnakeCase(name.text) else { return }
        error(
            .spelling, section, name.span, "\(what) are snake_case",
            hint: "write '\(Spelling.snakeCase(name.text))'")
    }

    private mutating func checkUnique(
        _ name: NameSyntax, _ what: String, in seen: inout [String: Span], section: Int
    ) {
        if let first = seen[name.text] {
            error(
                .duplicateName, section, name.span, "\(what) '\(name.text)' is already declared",
                notes: [.init(location: location(section, first), text: "first declared here")])
        } else {
            seen[name.text] = name.span
        }
    }

    // MARK: Fields

    mutating func checkMessageMembers(
        _ members: [MemberSyntax], message: Message, section: Int
    ) {
        var fields: [FieldSyntax] = []
        var reserved: [ReservedSyntax] = []
        var names: [String: Span] = [:]
        for member in members {
            switch member {
            case .field(let field): fields.append(field)
            case .reserved(let syntax): reserved.append(syntax)
            case .oneof(let oneof):
                checkSnakeCase(oneof.name, "oneofs", section: section)
                checkUnique(oneof.name, "oneof", in: &names, section: section)
                fields += oneof.fields
                if oneof.fields.isEmpty {
                    error(.unexpected, section, oneof.name.span, "a oneof has at least one member")
                }
            }
        }
        if fields.count > Self.maximumFieldsPerMessage {
            let limit = Self.maximumFieldsPerMessage
            error(
                .overLimit, section, fields[limit].name.span,
                "'\(message.name)' has more than \(limit) fields")
        }
        let table = Reservations(reserved)
        checkReservations(table, in: Self.fieldNumbers, section: section)
        for field in fields {
            checkSnakeCase(field.name, "fields", section: section)
            checkUnique(field.name, "field", in: &names, section: section)
        }
        checkFieldNumbers(fields, table, section: section)
        if message.isUnion && fields.isEmpty {
            diagnostics.error(
                .unexpected, at: message.location, "a union has at least one member")
        }
    }

    private mutating func checkFieldNumbers(
        _ fields: [FieldSyntax], _ reserved: Reservations, section: Int
    ) {
        var used: [Int128: FieldSyntax] = [:]
        let all = Set(fields.map(\.number.value))
        for field in fields {
            let number = field.number.value
            let isFull = diagnostics.isFull(for: files[section].file)
            let isTaken = used[number] != nil || reserved.span(of: number) != nil
            let isWrong = isTaken || !Self.fieldNumbers.contains(Int(clamping: number))
            let hint = isWrong && !isFull ? reserved.nextFree(besides: all, around: number) : nil
            if !Self.fieldNumbers.contains(Int(clamping: number)) {
                error(
                    .fieldNumber, section, field.number.span,
                    "field number \(number) is not in 1…2047", hint: hint)
            } else if let first = used[number] {
                error(
                    .duplicateNumber, section, field.number.span,
                    "field number \(number) is already used by '\(first.name.text)'", hint: hint,
                    notes: [
                        .init(
                            location: location(section, first.number.span), text: "first used here")
                    ])
            } else if let span = reserved.span(of: number) {
                error(
                    .reserved, section, field.number.span, "field number \(number) is reserved",
                    hint: hint,
                    notes: [.init(location: location(section, span), text: "reserved here")])
            }
            if let span = reserved.names[field.name.text] {
                error(
                    .reserved, section, field.name.span,
                    "field name '\(field.name.text)' is reserved",
                    notes: [.init(location: location(section, span), text: "reserved here")])
            }
            if used[number] == nil { used[number] = field }
        }
    }

    private mutating func checkReservations(
        _ table: Reservations, in limits: ClosedRange<Int>, section: Int
    ) {
        for entry in table.ranges {
            if entry.first > entry.last {
                error(
                    .reserved, section, entry.span,
                    "the range \(entry.first)...\(entry.last) is reversed")
            } else if !limits.contains(Int(clamping: entry.first))
                || !limits.contains(Int(clamping: entry.last))
            {
                error(
                    .reserved, section, entry.span,
                    "reserved numbers lie in \(limits.lowerBound)…\(limits.upperBound)")
            }
        }
        for (first, second) in table.overlaps {
            error(
                .reserved, section, second, "reserved twice",
                notes: [.init(location: location(section, first), text: "first reserved here")])
        }
        for span in table.repeatedNames {
            error(.reserved, section, span, "this name is reserved twice")
        }
    }

    // MARK: Enum values

    mutating func checkEnumMembers(
        _ members: [EnumMemberSyntax], name enumeration: Enumeration, isForeign: Bool, section: Int
    ) {
        var values: [EnumValueSyntax] = []
        var reserved: [ReservedSyntax] = []
        for member in members {
            switch member {
            case .value(let value): values.append(value)
            case .reserved(let syntax): reserved.append(syntax)
            }
        }
        let table = Reservations(reserved)
        checkReservations(table, in: 0...Int(Int32.max), section: section)
        checkZero(values, enumeration, isForeign: isForeign)
        var names: [String: Span] = [:]
        var used: [Int128: EnumValueSyntax] = [:]
        for value in values {
            checkSnakeCase(value.name, "enum values", section: section)
            checkUnique(value.name, "value", in: &names, section: section)
            let number = value.number.value
            if !(0...Int128(Int32.max)).contains(number) {
                error(
                    .enumNumber, section, value.number.span,
                    "enum number \(number) is not in 0…2147483647")
            } else if let first = used[number] {
                error(
                    .enumNumber, section, value.number.span,
                    "number \(number) is already used by '\(first.name.text)'",
                    notes: [
                        .init(
                            location: location(section, first.number.span), text: "first used here")
                    ])
            }
            if let span = table.span(of: number) ?? table.names[value.name.text] {
                error(
                    .reserved, section, value.name.span, "'\(value.name.text)' is reserved",
                    notes: [.init(location: location(section, span), text: "reserved here")])
            }
            if used[number] == nil { used[number] = value }
        }
    }

    private mutating func checkZero(
        _ values: [EnumValueSyntax], _ enumeration: Enumeration, isForeign: Bool
    ) {
        let first = values.first
        if first?.number.value == 0, isForeign || first?.name.text == "unspecified" { return }
        diagnostics.error(
            .enumZero, at: enumeration.location,
            "enum '\(enumeration.name)' does not begin with its zero",
            hint: isForeign
                ? "the first value has the number 0" : "the first value is 'unspecified = 0'")
    }

    // MARK: Rpcs

    mutating func checkMethodNames(_ methods: [RPCSyntax], section: Int) {
        var names: [String: Span] = [:]
        for method in methods {
            if !Spelling.isPascalCase(method.name.text) {
                error(
                    .spelling, section, method.name.span, "rpc names are PascalCase",
                    hint: "write '\(Spelling.pascalCase(Spelling.snakeCase(method.name.text)))'")
            }
            checkUnique(method.name, "rpc", in: &names, section: section)
        }
    }
}

/// The reserved numbers and names of a declaration.
struct Reservations {
    struct Entry {
        let first: Int128
        let last: Int128
        let span: Span
    }

    let ranges: [Entry]
    private(set) var names: [String: Span] = [:]
    private(set) var repeatedNames: [Span] = []
    /// Both places of numbers that are reserved twice, in the order of the source.
    private(set) var overlaps: [(Span, Span)] = []
    /// Ascending by first number, without those that lie within another.
    private var ascending: [Entry] = []

    init(_ syntax: [ReservedSyntax]) {
        var ranges: [Entry] = []
        for item in syntax.flatMap(\.items) {
            switch item {
            case .numbers(let first, let last):
                ranges.append(
                    Entry(first: first.value, last: (last ?? first).value, span: item.span))
            case .name(let name, let span):
                if names.updateValue(span, forKey: name) != nil { repeatedNames.append(span) }
            }
        }
        self.ranges = ranges
        let sorted = ranges.filter { $0.first <= $0.last }.sorted { left, right in
            (left.first, left.span.start) < (right.first, right.span.start)
        }
        for entry in sorted {
            if let furthest = ascending.last, entry.first <= furthest.last {
                let pair = [furthest.span, entry.span].sorted { $0.start < $1.start }
                overlaps.append((pair[0], pair[1]))
                if entry.last <= furthest.last { continue }
            }
            ascending.append(entry)
        }
    }

    func span(of number: Int128) -> Span? {
        var low = 0
        var high = ascending.count
        while low < high {
            let middle = (low + high) / 2
            if ascending[middle].last < number { low = middle + 1 } else { high = middle }
        }
        guard low < ascending.count, ascending[low].first <= number else { return nil }
        return ascending[low].span
    }

    /// "use 12, the next free number (9 is reserved, 10 and 11 are taken)"
    func nextFree(besides used: Set<Int128>, around number: Int128) -> String? {
        let limit = Int128(Resolver.fieldNumbers.upperBound)
        let start = (1...limit).contains(number) ? number : 1
        guard
            let free = (start...limit).first(where: { !used.contains($0) && span(of: $0) == nil })
        else { return nil }
        let skipped = Array((start..<free).dropFirst(used.contains(start) ? 1 : 0))
        let reserved = skipped.filter { span(of: $0) != nil }
        let taken = skipped.filter { used.contains($0) && span(of: $0) == nil }
        let reasons = [(reserved, "reserved"), (taken, "taken")].compactMap { numbers, state in
            Self.enumeration(numbers).map { "\($0) \(numbers.count == 1 ? "is" : "are") \(state)" }
        }
        let explanation = reasons.isEmpty ? "" : " (\(reasons.joined(separator: ", ")))"
        return "use \(free), the next free number\(explanation)"
    }

    /// "1", "1 and 2", "1 to 5".
    private static func enumeration(_ numbers: [Int128]) -> String? {
        guard let first = numbers.first, let last = numbers.last else { return nil }
        if numbers.count == 1 { return "\(first)" }
        if last - first == Int128(numbers.count) - 1 && numbers.count > 2 {
            return "\(first) to \(last)"
        }
        let list = numbers.dropLast().map(String.init).joined(separator: ", ")
        return "\(list) and \(last)"
    }
}
