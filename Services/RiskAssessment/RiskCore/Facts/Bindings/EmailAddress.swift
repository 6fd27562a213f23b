internal import RuleLanguage

/// The two parts of an e-mail address.
struct EmailAddress {
    private let local: Substring
    /// In lower case.
    let domain: String

    /// Nil without an `@` between two parts.
    init?(_ address: String) {
        guard let at = address.utf8.lastIndex(of: 0x40) else { return nil }
        local = address[..<at]
        let rest = address[address.utf8.index(after: at)...]
        guard !local.isEmpty, !rest.isEmpty else { return nil }
        domain = rest.lowercased()
    }

    /// Share of digits in the local part.
    var digitShare: Double {
        let digits = local.utf8.count { $0 >= 0x30 && $0 <= 0x39 }
        return Double(digits) / Double(local.utf8.count)
    }

    /// Shannon entropy of the local part in bits a byte: near 0 for `aaaa`, above 3.8 where each
    /// of many characters stands about once.
    var entropy: Double {
        let bytes = local.utf8.sorted()
        let total = Double(bytes.count)
        var (sum, start) = (0.0, 0)
        for index in bytes.indices
        where index + 1 == bytes.count || bytes[index + 1] != bytes[index] {
            let share = Double(index + 1 - start) / total
            sum -= share * ElementaryFunctions.logarithm(share)
            start = index + 1
        }
        return max(0, sum / ElementaryFunctions.logarithm(2))
    }
}
