/// What a change to a schema may break (wire.md §16).
public enum BreakingLevel: String, Sendable, CaseIterable {
    /// Stored bytes and running peers.
    case wire
    /// Callers that speak JSON.
    case json
    /// Code written against the generated Swift.
    case source
    /// Calls that were allowed before, and promises of safety.
    case policy
}

/// The rules of wire.md §16, by the names that findings, `breaking.allow` and `schemac explain` use.
public enum BreakingRule: String, Sendable, CaseIterable {
    case fieldRemoved = "WIRE-01"
    case fieldRenumbered = "WIRE-02"
    case typeChanged = "WIRE-03"
    case shapeChanged = "WIRE-04"
    case presenceChanged = "WIRE-05"
    case requiredAdded = "WIRE-06"
    case oneofChanged = "WIRE-07"
    case valueRemoved = "WIRE-08"
    case valueRenumbered = "WIRE-09"
    case reservationRemoved = "WIRE-10"
    case callRemoved = "WIRE-11"
    case callTypeChanged = "WIRE-12"
    case streamingChanged = "WIRE-13"
    case depthLowered = "WIRE-14"
    case jsonNameChanged = "JSON-01"
    case jsonValueRenamed = "JSON-02"
    case jsonFormChanged = "JSON-03"
    case typeRenamed = "SOURCE-01"
    case memberRenamed = "SOURCE-02"
    case namespaceChanged = "SOURCE-03"
    case boundTightened = "POLICY-01"
    case requirementAdded = "POLICY-02"
    case accessChanged = "POLICY-03"
    case idempotencyWeakened = "POLICY-04"
    case effortReduced = "POLICY-05"
    case sizeLimitLowered = "POLICY-06"
    case personalDataExposed = "POLICY-07"
    case sealingRemoved = "POLICY-08"

    public var level: BreakingLevel {
        let name = rawValue.prefix { $0 != "-" }.lowercased()
        return BreakingLevel(rawValue: name) ?? .wire
    }

    /// Why a change of this kind breaks something.
    public var reason: String { texts.reason }

    /// What to do instead.
    public var alternative: String { texts.alternative }

    private var texts: (reason: String, alternative: String) {
        switch level {
        case .wire: wireTexts
        case .json: jsonTexts
        case .source: sourceTexts
        case .policy: policyTexts
        }
    }

    private var wireTexts: (reason: String, alternative: String) {
        switch self {
        case .fieldRemoved:
            (
                "a later field could take the number, and bytes of today would be read as it",
                "keep the field with '@deprecated', or reserve its number and name"
            )
        case .fieldRenumbered:
            (
                "bytes carry numbers, not names: old bytes lose the field, new ones are unknown to old readers",
                "keep the number; for another meaning add a field with a free number"
            )
        case .typeChanged:
            (
                "the bytes of the old type are refused, or read as another value",
                "add a field of the new type with a free number and deprecate this one"
            )
        case .shapeChanged:
            (
                "one value, a list and a map have different records; an old reader keeps one element or refuses them all",
                "add a field of the new shape with a free number and deprecate this one"
            )
        case .presenceChanged:
            (
                "a zero is written in one form and refused in the other; a required field is refused when it is absent",
                "add a field with the wanted presence and deprecate this one"
            )
        case .requiredAdded:
            (
                "bytes written before it exist without it, and are refused",
                "add it as optional ('?'), and look at it where it is used"
            )
        case .oneofChanged:
            (
                "a oneof holds one member at most: values that could stand together are lost, or the other way round",
                "add a member with a free number and deprecate the old field"
            )
        case .valueRemoved:
            (
                "a later value could take the number, and stored bytes would mean it",
                "keep the value with '@deprecated', or reserve its number and name"
            )
        case .valueRenumbered:
            (
                "bytes carry the number: old bytes now mean another value, or none",
                "keep the number; for another meaning add a value with a free number"
            )
        case .reservationRemoved:
            (
                "the number or name can be used again, and bytes or callers of long ago would mean it",
                "keep the reservation for ever: it costs nothing"
            )
        case .callRemoved:
            (
                "a call is addressed by package, service and rpc; peers that run today get UNIMPLEMENTED",
                "keep it with the old name, and add the new one beside it"
            )
        case .callTypeChanged:
            (
                "running peers send and expect the bytes of the old message",
                "keep the message and add fields to it, or add another rpc"
            )
        case .streamingChanged:
            (
                "the peers no longer agree on how many messages follow",
                "add another rpc that streams"
            )
        default:
            (
                "values that were deep enough before are refused (R13)",
                "keep the depth, or raise it"
            )
        }
    }

    private var jsonTexts: (reason: String, alternative: String) {
        switch self {
        case .jsonNameChanged:
            (
                "JSON carries names: callers send a key that is unknown now, and look for one that is gone",
                "keep the name; it is what callers see"
            )
        case .jsonValueRenamed:
            (
                "JSON carries the value's name, which is unknown now",
                "keep the name, or add a value with a free number"
            )
        default:
            (
                "JSON callers send and expect another kind of value here",
                "add a field of the new type and deprecate this one"
            )
        }
    }

    private var sourceTexts: (reason: String, alternative: String) {
        switch self {
        case .typeRenamed:
            (
                "Swift that names the type no longer compiles; bytes do not change",
                "rename it in the same change as all code that uses it"
            )
        case .memberRenamed:
            (
                "Swift that names the member no longer compiles; bytes do not change",
                "rename it in the same change as all code that uses it"
            )
        default:
            (
                "every Swift name of the package changes; bytes do not",
                "change it together with all code that uses it"
            )
        }
    }

    private var policyTexts: (reason: String, alternative: String) {
        switch self {
        case .boundTightened:
            (
                "requests that were valid before are refused with INVALID_ARGUMENT",
                "keep the bound, or check the new one where it matters"
            )
        case .requirementAdded:
            (
                "requests without it were valid before and are refused with INVALID_ARGUMENT",
                "leave it optional, and decide what its absence means"
            )
        case .accessChanged:
            (
                "callers that were let in are refused, or the other way round",
                "add another rpc with the new rule, and move callers to it"
            )
        case .idempotencyWeakened:
            (
                "callers repeat this call after a failure, trusting that it acts once",
                "keep the promise, or add another rpc without it"
            )
        case .effortReduced:
            (
                "callers within their budget, or within the old deadline, are refused",
                "keep it until callers have moved"
            )
        case .sizeLimitLowered:
            (
                "messages that fitted before are refused with RESOURCE_EXHAUSTED",
                "keep the limit, or raise it"
            )
        case .personalDataExposed:
            (
                "logs, errors and tools would show a person's data that they hid before",
                "keep '@pii'; for data that is not personal add another field"
            )
        default:
            (
                "records are no longer sealed, or hold the value itself instead of a commitment",
                "keep it; for an unsealed record add another message"
            )
        }
    }
}
