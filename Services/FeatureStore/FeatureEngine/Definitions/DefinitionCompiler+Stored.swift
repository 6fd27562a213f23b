/// Registers, snapshots, tables and recent lists.
extension DefinitionCompiler {
    /// Values of a row: each has a bit that says whether it is there.
    static let maximumValues = 60

    // MARK: Values

    /// Values that are taken from every source, by what they mean.
    private struct Taken {
        var fields: [StoredField] = []
        var kinds: [ValueKind] = []
        /// Per source, the positions of the values, and what they mean.
        var positions: [[Int]]
        var meanings: [[String]]
    }

    private mutating func take(
        _ declared: [TakenField], of sources: [ResolvedSource], at location: SourceLocation
    ) -> Taken? {
        unique(declared.map(\.name).filter { !$0.value.contains(".") }, what: "value")
        if declared.count > Self.maximumValues {
            report("a row has at most \(Self.maximumValues) values", at: location)
            return nil
        }
        let none = sources.map { _ in [String]() }
        var taken = Taken(positions: sources.map { _ in [] }, meanings: none)
        let sorted = declared.sorted {
            ($0.field.value, $0.name.value) < ($1.field.value, $1.name.value)
        }
        for value in sorted {
            guard let found = fields(value.field, of: sources) else { return nil }
            taken.fields.append(
                StoredField(
                    name: value.name.value, type: found.field.type,
                    enumeration: found.field.enumeration))
            taken.kinds.append(found.field.kind)
            for index in sources.indices {
                taken.positions[index].append(found.positions[index])
                taken.meanings[index].append(
                    fieldMeaning(found.positions[index], of: sources[index].event))
            }
        }
        return taken
    }

    /// What is taken from which source: the order of the sources means nothing, what each gives
    /// does.
    private func meaning(
        _ sources: [ResolvedSource], _ taken: Taken, key: [String]? = nil
    ) -> String {
        let each = sources.indices.map { index in
            "\(sources[index].meaning)\(key.map { " by \($0[index])" } ?? "")"
                + " \(taken.meanings[index])"
        }
        return "\(each.sorted())"
    }

    private func source(_ source: ResolvedSource, values: [Int]) -> Source {
        Source(
            event: source.event, touch: source.touch, filter: source.filter,
            values: values.map { $0 })
    }

    private mutating func remember(_ text: Located<String>?) -> Int64? {
        text.flatMap { span($0, of: "remember") }
    }

    // MARK: Registers

    mutating func addRegisters(to draft: inout EntityDraft) {
        let name = draft.declaration.name.value
        let own = files.flatMap(\.registers).filter { $0.entity.value == name }
        unique(own.map(\.name), what: "register of \(name)")
        for register in sortedByName(own, \.name.value) { add(register, to: &draft) }
        for file in files {
            for snapshot in file.snapshots where snapshot.entity.value == name {
                add(snapshot, file.documentation, to: &draft)
            }
        }
    }

    private mutating func add(_ register: RegisterDeclaration, to draft: inout EntityDraft) {
        guard let sources = resolve(register.sources, entity: draft.index),
            let taken = take(register.latest, of: sources, at: register.name.location)
        else { return }
        let remember = remember(register.remember)
        let compiled = Register(
            sources: sources.indices.map { source(sources[$0], values: taken.positions[$0]) },
            values: taken.kinds, keeps: register.keepsOldest ? .oldest : .newest,
            remember: register.keepsOldest ? nil : remember)
        let meaning =
            "register \(meaning(sources, taken))"
            + " \(register.keepsOldest ? "oldest" : "newest") remember \(remember ?? 0)"
        draft.registers.append(
            (
                compiled,
                RegisterDefinition(
                    name: register.name.value, fields: taken.fields, isSnapshot: false,
                    meaning: meaning, documentation: register.documentation)
            ))
    }

    /// A snapshot fills a register with all that the caller gives beside the keys.
    private mutating func add(
        _ snapshot: SnapshotDeclaration, _ documentation: Documentation,
        to draft: inout EntityDraft
    ) {
        guard let event = events.firstIndex(where: { $0.name == snapshot.name.value }),
            let touch = events[event].touches.firstIndex(where: {
                $0.entity == draft.index && $0.role.isEmpty
            })
        else { return }
        let keys = Set(events[event].touches[touch].fields)
        let positions = events[event].fields.indices.filter { index in
            guard !keys.contains(index) else { return false }
            switch events[event].fields[index].origin {
            case .given, .computed: return true
            case .identifier, .time, .currency, .original, .copied: return false
            }
        }
        if positions.count > Self.maximumValues {
            report(
                "a snapshot has at most \(Self.maximumValues) values", at: snapshot.name.location)
            return
        }
        let age = snapshot.maximumAge.flatMap { span($0, of: "max_age") }
        let fields = positions.map { events[event].fields[$0] }
        let meanings = positions.map { fieldMeaning($0, of: event) }
        let bound = snapshot.incomplete.flatMap { boundField($0, among: fields) }
        let incomplete = bound.map { " incomplete \($0)" } ?? ""
        draft.registers.append(
            (
                Register(
                    sources: [Source(event: event, touch: touch, values: positions.map { $0 })],
                    values: fields.map(\.kind), isSnapshot: true, maximumAge: age,
                    incompleteValue: bound),
                RegisterDefinition(
                    name: snapshot.name.value,
                    fields: fields.map {
                        StoredField(name: $0.name, type: $0.type, enumeration: $0.enumeration)
                    }, isSnapshot: true,
                    meaning: "snapshot \(snapshot.name.value) \(meanings) max_age \(age ?? 0)"
                        + incomplete, documentation: documentation)
            ))
    }

    private mutating func boundField(
        _ name: Located<String>, among fields: [FieldDefinition]
    ) -> Int? {
        guard let position = fields.firstIndex(where: { $0.name == name.value }) else {
            unknown("field", name, among: fields.map(\.name))
            return nil
        }
        guard fields[position].type == .bool else {
            report("\"\(name.value)\" must be a bool", at: name.location)
            return nil
        }
        return position
    }

    // MARK: Tables

    mutating func addTables(to draft: inout EntityDraft) {
        let name = draft.declaration.name.value
        let own = files.flatMap(\.tables).filter { $0.entity.value == name }
        unique(own.map(\.name), what: "table of \(name)")
        for table in sortedByName(own, \.name.value) { add(table, to: &draft) }
    }

    private mutating func add(_ table: TableDeclaration, to draft: inout EntityDraft) {
        guard let sources = resolve(table.sources, entity: draft.index),
            let key = fields(table.key, of: sources),
            let taken = take(table.latest, of: sources, at: table.name.location)
        else { return }
        guard table.sums.count <= Self.maximumValues else {
            report("a row has at most \(Self.maximumValues) sums", at: table.name.location)
            return
        }
        unique(table.sums.map(\.name), what: "sum")
        var sums: [(field: StoredField, terms: [KeyedTable.Term?], meaning: String)] = []
        for sum in table.sums {
            guard let compiled = compile(sum, sources) else { return }
            sums.append(compiled)
        }
        sums.sort { ($0.meaning, $0.field.name) < ($1.meaning, $1.field.name) }
        let remember = remember(table.remember)
        let compiled = KeyedTable(
            sources: sources.indices.map {
                source(sources[$0], values: [key.positions[$0]] + taken.positions[$0])
            },
            terms: sums.isEmpty
                ? [] : sources.indices.map { index in sums.map { $0.terms[index] } },
            values: taken.kinds, rows: table.rows, remember: remember)
        let keys = sources.indices.map { fieldMeaning(key.positions[$0], of: sources[$0].event) }
        let meaning =
            "table \(meaning(sources, taken, key: keys))"
            + " \(sums.map(\.meaning)) rows \(table.rows) remember \(remember ?? 0)"
        draft.tables.append(
            (
                compiled,
                TableDefinition(
                    name: table.name.value,
                    key: StoredField(
                        name: table.key.value, type: key.field.type,
                        enumeration: key.field.enumeration),
                    fields: taken.fields, sums: sums.map(\.field), rows: table.rows,
                    meaning: meaning, documentation: table.documentation)
            ))
    }

    private mutating func compile(
        _ sum: TableDeclaration.Sum, _ sources: [ResolvedSource]
    ) -> (field: StoredField, terms: [KeyedTable.Term?], meaning: String)? {
        var value: (positions: [Int], field: FieldDefinition)?
        if let name = sum.field {
            guard let found = fields(name, of: sources) else { return nil }
            guard found.field.type.isAddable else {
                report(
                    "\"\(name.value)\" is \(describe(found.field)): it cannot be added up",
                    at: name.location)
                return nil
            }
            value = found
        }
        var terms: [KeyedTable.Term?] = []
        var meanings: [String] = []
        for (index, source) in sources.enumerated() {
            var filter: Int?
            if let text = sum.filter {
                guard let position = self.filter(text, event: source.event) else { return nil }
                filter = position
            }
            terms.append(KeyedTable.Term(field: value?.positions[index], filter: filter))
            let field = value.map { fieldMeaning($0.positions[index], of: source.event) } ?? "count"
            let condition = filter.map { events[source.event].filters[$0].canonical } ?? ""
            meanings.append("\(source.meaning): \(field) where '\(condition)'")
        }
        let isMoney = value?.field.type == .money
        return (
            StoredField(
                name: sum.name.value, type: isMoney ? .money : .int, enumeration: nil), terms,
            "\(meanings.sorted())"
        )
    }

    // MARK: Recent lists

    mutating func addRecents(to draft: inout EntityDraft) {
        let name = draft.declaration.name.value
        let own = files.flatMap(\.recents).filter { $0.entity.value == name }
        unique(own.map(\.name), what: "recent list of \(name)")
        for list in sortedByName(own, \.name.value) { add(list, to: &draft) }
    }

    private mutating func add(_ list: RecentDeclaration, to draft: inout EntityDraft) {
        guard let sources = resolve(list.sources, entity: draft.index),
            let taken = take(list.fields, of: sources, at: list.name.location)
        else { return }
        let remember = remember(list.remember)
        let compiled = RecentList(
            sources: sources.indices.map { source(sources[$0], values: taken.positions[$0]) },
            values: taken.kinds, rows: list.rows, remember: remember)
        let meaning =
            "recent \(meaning(sources, taken)) rows \(list.rows)"
            + " remember \(remember ?? 0)"
        draft.recents.append(
            (
                compiled,
                RecentDefinition(
                    name: list.name.value, fields: taken.fields, rows: list.rows,
                    meaning: meaning, documentation: list.documentation)
            ))
    }
}
