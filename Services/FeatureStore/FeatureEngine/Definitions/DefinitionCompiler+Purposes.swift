/// What a derived feature says of itself, held against what it reads: an expression does not make a
/// value that may not be used for a purpose into one that may, nor a restricted one harmless.
extension DefinitionCompiler {
    /// What the definitions say of something that an expression reads.
    private struct Input {
        let name: String
        let documentation: Documentation
    }

    /// Reports derived features that allow a purpose which something they read does not, or are of
    /// a lower class, unless they name who answers for that.
    mutating func checkPurposes(
        _ features: FeatureSet, _ entities: [EntityDefinition],
        _ documentation: [String: Documentation]
    ) {
        for declaration in files.flatMap(\.derived) {
            guard let position = features.feature(named: declaration.name.value),
                case .derived(let derivation) = features.features[position].source,
                let own = documentation[declaration.name.value], own.approver == nil
            else { continue }
            let inputs = derivation.facts.compactMap { slot in
                input(features.sources[slot], features, entities, documentation)
            }
            check(declaration, own, inputs)
        }
    }

    private mutating func check(
        _ declaration: DerivedDeclaration, _ own: Documentation, _ inputs: [Input]
    ) {
        let location = declaration.name.location
        for purpose in own.purposes {
            let hidden = inputs.filter { !$0.documentation.purposes.contains(purpose) }
            guard let first = hidden.first else { continue }
            report(
                "\"\(declaration.name.value)\" is for \(purpose.rawValue), but reads"
                    + " \"\(first.name)\", which is not; leave the purpose out, or name an approver",
                at: location)
        }
        let classes = Sensitivity.allCases
        let greatest = inputs.max { a, b in
            (classes.firstIndex(of: a.documentation.sensitivity) ?? 0)
                < (classes.firstIndex(of: b.documentation.sensitivity) ?? 0)
        }
        guard let greatest, greatest.documentation.sensitivity == .restricted,
            own.sensitivity != .restricted
        else { return }
        report(
            "\"\(declaration.name.value)\" is \(own.sensitivity.rawValue), but reads"
                + " \"\(greatest.name)\", which is restricted; say `sensitivity: restricted`, or"
                + " name an approver", at: location)
    }

    /// Nil for the event at hand, which is the caller's own, and for rows of a state: they are served
    /// to nobody, and the feature that is made of them says what it tells.
    private func input(
        _ source: FactSource, _ features: FeatureSet, _ entities: [EntityDefinition],
        _ documentation: [String: Documentation]
    ) -> Input? {
        func input(_ name: String, _ documentation: Documentation) -> Input {
            Input(name: name, documentation: documentation)
        }
        switch source {
        case .readTime, .eventTime, .field, .register, .table, .recent: return nil
        case .feature(let feature):
            let name = features.features[feature].name
            return documentation[name].map { input(name, $0) }
        case .counts(let entity, let measure, let tier, let window, let lag, _):
            let found = entities[entity].counts(measure, tier, window, lag)
            return found.flatMap { counts in
                documentation[counts.name].map { input(counts.name, $0) }
            }
        }
    }
}
