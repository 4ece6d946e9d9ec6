/* A library that is no backend. */
int gnt_nothing(void);
int gnt_nothing(void)
{
    return 0;
}
