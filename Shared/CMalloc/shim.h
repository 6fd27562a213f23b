// glibc's <malloc.h>, which Swift's module of glibc leaves out.
#include <malloc.h>
