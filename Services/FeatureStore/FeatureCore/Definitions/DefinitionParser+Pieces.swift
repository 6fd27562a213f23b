internal import FeatureEngine
internal import Yams

extension DefinitionParser {
    /// The entries of a mapping; none if it is not there.
    mutating func entries(_ node: Node?, _ what: String) -> [(key: Located<String>, node: Node)] {
        guard let node else { return [] }
        return YAMLObject(node, what, in: file, &problems)?.all ?? []
    }

    /// A text that must be there.
    mutating func text(_ key: String, of object: inout YAMLObject) -> Located<String>? {
        guard object.node(key) != nil else {
            report("\"\(key)\" is missing", at: object.location)
            return nil
        }
        return optionalText(key, of: &object)
    }

    mutating func optionalText(_ key: String, of object: inout YAMLObject) -> Located<String>? {
        guard let node = object.node(key) else { return nil }
        guard let text = node.located(in: file), !text.value.isEmpty else {
            report("\"\(key)\" must be text", at: node.location(in: file))
            return nil
        }
        return text
    }

    /// A text, or a list of texts.
    mutating func texts(_ node: Node?) -> [Located<String>] {
        guard let node else { return [] }
        if let one = node.located(in: file) { return [one] }
        guard let sequence = node.sequence else {
            report("this must be a list of texts", at: node.location(in: file))
            return []
        }
        return sequence.compactMap { item in
            guard let text = item.located(in: file) else {
                report("this must be text", at: item.location(in: file))
                return nil
            }
            return text
        }
    }

    mutating func integer(_ node: Node) -> Int64? {
        guard let text = node.scalar?.string, let value = Int64(text) else {
            report("this must be a whole number", at: node.location(in: file))
            return nil
        }
        return value
    }

    /// A whole number of a range; `absent` if it is not said, which nil does not allow.
    mutating func integer(
        _ key: String, of object: inout YAMLObject, in range: ClosedRange<Int64>,
        absent: Int64? = nil
    ) -> Int? {
        guard let node = object.node(key) else {
            if absent == nil { report("\"\(key)\" is missing", at: object.location) }
            return absent.map { Int($0) }
        }
        guard let value = integer(node) else { return nil }
        guard range.contains(value) else {
            report(
                "\"\(key)\" must be \(range.lowerBound) to \(range.upperBound)",
                at: node.location(in: file))
            return nil
        }
        return Int(value)
    }

    mutating func flag(_ key: String, of object: inout YAMLObject) -> Bool {
        guard let node = object.node(key) else { return false }
        guard let value = node.bool else {
            report("\"\(key)\" must be true or false", at: node.location(in: file))
            return false
        }
        return value
    }

    /// One of a few words.
    mutating func choice<T: RawRepresentable & CaseIterable>(
        _ key: String, of object: inout YAMLObject, absent: T
    ) -> T where T.RawValue == String {
        guard let node = object.node(key) else { return absent }
        if let value = node.scalar.flatMap({ T(rawValue: $0.string) }) { return value }
        report(
            "\"\(key)\" must be \(T.allCases.map(\.rawValue).joined(separator: " or "))",
            at: node.location(in: file))
        return absent
    }

    /// `self: include`.
    mutating func includesSelf(_ object: inout YAMLObject) -> Bool {
        guard let node = object.node("self") else { return false }
        switch node.scalar?.string {
        case "include": return true
        case "exclude": return false
        default:
            report("\"self\" must be include or exclude", at: node.location(in: file))
            return false
        }
    }

    /// `default: missing`, a number, or true or false as 1 or 0.
    mutating func defaultValue(_ object: inout YAMLObject, absent: Double) -> Double {
        guard let node = object.node("default") else { return absent }
        return defaultValue(node) ?? absent
    }

    mutating func defaultValue(_ node: Node) -> Double? {
        switch node.scalar?.string {
        case "missing": return FeatureValue.missing
        case "true": return 1
        case "false": return 0
        case .some(let text):
            // A zero has no sign: there is one way to say it.
            if let number = Double(text), number.isFinite { return number == 0 ? 0 : number }
        case nil: break
        }
        report("a default is a number, true, false or missing", at: node.location(in: file))
        return nil
    }

    // MARK: Documentation

    /// What a file says for all its features.
    mutating func inheritedDocumentation(_ object: inout YAMLObject) -> Documentation {
        inheritsSensitivity = object.node("sensitivity") != nil
        return documentation(&object)
    }

    /// What a feature says of itself; the rest is its file's.
    mutating func featureDocumentation(
        _ object: inout YAMLObject, of name: Located<String>
    ) -> Documentation {
        let isClassified = inheritsSensitivity || object.node("sensitivity") != nil
        let found = documentation(&object)
        var missing: [String] = []
        if found.description.isEmpty { missing.append("description") }
        if !isClassified { missing.append("sensitivity") }
        if found.purposes.isEmpty { missing.append("purposes") }
        if !missing.isEmpty {
            report(
                "\"\(name.value)\" has no \(missing.joined(separator: ", no ")), and its file has"
                    + " none to inherit", at: name.location)
        }
        if found.sensitivity == .restricted, found.purposes.contains(.credit),
            found.approver == nil
        {
            report(
                "\"\(name.value)\" is restricted: for credit it needs an \"approver\"",
                at: name.location)
        }
        return found
    }

    private mutating func documentation(_ object: inout YAMLObject) -> Documentation {
        var found = inherited
        found.owner = optionalText("owner", of: &object)?.value ?? found.owner
        found.description = optionalText("description", of: &object)?.value ?? found.description
        found.sensitivity = choice("sensitivity", of: &object, absent: found.sensitivity)
        if let node = object.node("purposes") {
            found.purposes = Set(texts(node).compactMap { purpose($0) }).sorted()
        }
        if let node = object.node("tags") { found.tags = texts(node).map(\.value) }
        found.approver = optionalText("approver", of: &object)?.value ?? found.approver
        return found
    }

    mutating func purpose(_ text: Located<String>) -> Purpose? {
        if let purpose = Purpose(rawValue: text.value) { return purpose }
        report(
            "no purpose \"\(text.value)\"; they are"
                + " \(Purpose.allCases.map(\.rawValue).joined(separator: ", "))",
            at: text.location)
        return nil
    }
}
