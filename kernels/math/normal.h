/* Standard normal quantile by one rational approximation shared by every device (statistics.md 15).
 *
 * Wichura 1988, algorithm AS 241 (PPND16), Applied Statistics 37, 477-484: relative accuracy about 1e-16 in exact
 * arithmetic. Only + - x / sqrt and gnt_log. Class exact. */
#ifndef GNT_MATH_NORMAL_H
#define GNT_MATH_NORMAL_H

#include "explog.h"

/* Ratio of two polynomials of degree 7 in x, coefficients from the constant up, by Horner's rule. */
GNT_FN double gnt_ratio_7(const double *top, const double *bottom, double x)
{
    double a = top[7], b = bottom[7];
    for (int i = 6; i >= 0; i--) {
        a = a * x + top[i];
        b = b * x + bottom[i];
    }
    return a / b;
}

GNT_FN double gnt_normal_centre(double q) /* |q| <= 0.425 */
{
    const double top[8] = {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
                           1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
                           3.3430575583588128105e4, 2.5090809287301226727e3};
    const double bottom[8] = {1,
                              4.2313330701600911252e1,
                              6.8718700749205790830e2,
                              5.3941960214247511077e3,
                              2.1213794301586595867e4,
                              3.9307895800092710610e4,
                              2.8729085735721942674e4,
                              5.2264952788528545610e3};
    return q * gnt_ratio_7(top, bottom, 0.180625 - q * q);
}

GNT_FN double gnt_normal_shoulder(double r) /* r = sqrt(-log tail) <= 5 */
{
    const double top[8] = {1.42343711074968357734e0,  4.63033784615654529590e0, 5.76949722146069140550e0,
                           3.64784832476320460504e0,  1.27045825245236838258e0, 2.41780725177450611770e-1,
                           2.27238449892691845833e-2, 7.74545014278341407640e-4};
    const double bottom[8] = {1,
                              2.05319162663775882187e0,
                              1.67638483018380384940e0,
                              6.89767334985100004550e-1,
                              1.48103976427480074590e-1,
                              1.51986665636164571966e-2,
                              5.47593808499534494600e-4,
                              1.05075007164441684324e-9};
    return gnt_ratio_7(top, bottom, r - 1.6);
}

GNT_FN double gnt_normal_tail(double r) /* r > 5 */
{
    const double top[8] = {6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,
                           2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                           2.71155556874348757815e-5, 2.01033439929228813265e-7};
    const double bottom[8] = {1,
                              5.99832206555887937690e-1,
                              1.36929880922735805310e-1,
                              1.48753612908506148525e-2,
                              7.86869131145613259100e-4,
                              1.84631831751005468180e-5,
                              1.42151175831644588870e-7,
                              2.04426310338993978564e-15};
    return gnt_ratio_7(top, bottom, r - 5);
}

/* Phi^-1(p), 0 < p < 1. */
GNT_FN double gnt_normal(double p)
{
    double q = p - 0.5;
    if (q >= -0.425 && q <= 0.425) return gnt_normal_centre(q);
    double r = sqrt(-gnt_log(q < 0 ? p : 1 - p));
    double z = r <= 5 ? gnt_normal_shoulder(r) : gnt_normal_tail(r);
    return q < 0 ? -z : z;
}

#endif
