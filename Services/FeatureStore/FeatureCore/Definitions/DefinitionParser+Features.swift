internal import FeatureEngine
internal import RuleLanguage
internal import Yams

/// Derived features and vectors.
extension DefinitionParser {
    mutating func derived(_ name: Located<String>, _ node: Node) -> DerivedDeclaration? {
        guard var object = YAMLObject(node, "a derived feature", in: file, &problems) else {
            return nil
        }
        let type = text("type", of: &object)
        let expression = text("expr", of: &object)
        let condition = optionalText("when", of: &object)
        var unit: Unit?
        if let text = optionalText("unit", of: &object) {
            unit = Unit(rawValue: text.value)
            if unit == nil {
                report(
                    "a unit is \(Unit.allCases.map(\.rawValue).joined(separator: ", "))",
                    at: text.location)
            }
        }
        let role = optionalText("of", of: &object)
        let defaultValue = defaultValue(&object, absent: FeatureValue.missing)
        let documentation = featureDocumentation(&object, of: name)
        object.finish(&problems)
        guard let type, let expression else { return nil }
        return DerivedDeclaration(
            name: name, type: type, unit: unit, expression: expression, condition: condition,
            role: role, defaultValue: defaultValue, documentation: documentation)
    }

    mutating func vector(_ name: Located<String>, _ node: Node) -> VectorDeclaration? {
        guard var object = YAMLObject(node, "a vector", in: file, &problems) else { return nil }
        let purpose = text("purpose", of: &object).flatMap { self.purpose($0) }
        let unavailable: VectorDeclaration.Unavailable =
            choice("on_unavailable", of: &object, absent: .flag)
        let features = object.node("features")
        _ = optionalText("description", of: &object)
        _ = optionalText("owner", of: &object)
        object.finish(&problems)
        guard let sequence = features?.sequence else {
            report("\"features\" must be a list", at: object.location)
            return nil
        }
        let entries = sequence.compactMap { entry($0) }
        let parts = name.value.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, let version = UInt32(parts[1]), version > 0,
            String(version) == parts[1]
        else {
            report("a vector is named name@version", at: name.location)
            return nil
        }
        guard let purpose else { return nil }
        return VectorDeclaration(
            name: Located(String(parts[0]), at: name.location), version: version,
            purpose: purpose, onUnavailable: unavailable, entries: entries)
    }

    private enum Scale: String, CaseIterable {
        case minor, major
    }

    /// `feature`, `{published: feature}`, or `{published: {from: feature, as: major, default: 0}}`.
    private mutating func entry(_ node: Node) -> VectorEntry? {
        if let name = node.located(in: file) {
            return VectorEntry(published: name, feature: name, isMajor: false)
        }
        let all = entries(node, "a feature of a vector")
        guard let (published, value) = all.first, all.count == 1 else {
            report("this names one feature", at: node.location(in: file))
            return nil
        }
        if let feature = value.located(in: file) {
            return VectorEntry(published: published, feature: feature, isMajor: false)
        }
        guard var object = YAMLObject(value, "a feature of a vector", in: file, &problems) else {
            return nil
        }
        let source = optionalText("from", of: &object) ?? published
        let scale: Scale = choice("as", of: &object, absent: .minor)
        let defaultValue = object.node("default").flatMap { self.defaultValue($0) }
        object.finish(&problems)
        return VectorEntry(
            published: published, feature: source, isMajor: scale == .major,
            defaultValue: defaultValue)
    }

    /// `credit: [card_txn_cnt_1h]`
    mutating func grant(_ name: Located<String>, _ node: Node) -> GrantDeclaration? {
        guard let purpose = self.purpose(name) else { return nil }
        return GrantDeclaration(purpose: purpose, features: texts(node))
    }
}
