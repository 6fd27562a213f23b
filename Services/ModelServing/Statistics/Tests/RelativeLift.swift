/// How much larger the treatment's mean is than the control's, as a share of the control's.
public struct RelativeLift: Sendable, Equatable {
    public let value: Double
    public let standardError: Double

    /// By the delta method: var = s_T²/(m_C²·n_T) + s_C²·m_T²/(m_C⁴·n_C). Nil if the control's mean
    /// is 0, or so near to it that there is no lift to speak of.
    public init?(control: Sample, treatment: Sample) {
        if control.mean == 0 { return nil }
        let ratio = treatment.mean / control.mean
        let square = control.mean * control.mean
        value = (treatment.mean - control.mean) / control.mean
        standardError =
            (treatment.squaredError / square + control.squaredError * ratio * ratio / square)
            .squareRoot()
        if !value.isFinite || !standardError.isFinite { return nil }
    }
}
